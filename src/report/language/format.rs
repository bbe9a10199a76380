//! Formats as of printf(3), as far as messages use them, and translations of them.

/// A part of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// An argument, by its number from 0, and how it is to be shown: `s`, `04lo`.
    Argument(usize, &'a str),
}

/// Arguments of one message at most. No message has more than four.
const ARGUMENTS_MAX: usize = 9;

/// The parts of a format. `None` where it is none: a conversion without an end, or some of them with numbers and some
/// without.
#[must_use]
pub(crate) fn pieces(format: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = format;
    let (mut next, mut any_number) = (0, false);
    while let Some((text, behind)) = rest.split_once('%') {
        pieces.push(Piece::Text(text));
        if let Some(behind) = behind.strip_prefix('%') {
            pieces.push(Piece::Text("%"));
            rest = behind;
            continue;
        }
        let end = behind.find(|character: char| character.is_ascii_alphabetic() && character != 'l')? + 1;
        let (conversion, behind) = behind.split_at(end);
        rest = behind;
        match conversion.split_once('$') {
            Some((number, shape)) => {
                any_number = true;
                let number: usize =
                    number.parse().ok().filter(|number| (1..=ARGUMENTS_MAX).contains(number))?;
                pieces.push(Piece::Argument(number - 1, shape));
            }
            None => {
                pieces.push(Piece::Argument(next, conversion));
                next += 1;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    (!any_number || next == 0).then_some(pieces)
}

/// How each argument is shown. `None` where one is missing or shown in two ways.
fn shapes<'a>(pieces: &[Piece<'a>]) -> Option<Vec<&'a str>> {
    let mut shapes: Vec<Option<&str>> = Vec::new();
    for piece in pieces {
        let Piece::Argument(number, shape) = *piece else { continue };
        if shapes.len() <= number {
            shapes.resize(number + 1, None);
        }
        if shapes[number].replace(shape).is_some_and(|before| before != shape) {
            return None;
        }
    }
    shapes.into_iter().collect()
}

/// The parts of a translation that takes the very arguments of the English format, in whatever order, and ends its line
/// where that does.
#[must_use]
pub(crate) fn translated<'a>(english: &str, translation: &'a str) -> Option<Vec<Piece<'a>>> {
    let wanted = shapes(&pieces(english)?)?;
    let pieces = pieces(translation)?;
    let fits = shapes(&pieces)? == wanted && translation.ends_with('\n') == english.ends_with('\n');
    fits.then_some(pieces)
}

/// The message: the parts with their arguments, which are shown already; text becomes what `encode` makes of it.
pub(crate) fn filled(pieces: &[Piece<'_>], arguments: &[&[u8]], encode: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let mut message = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => message.extend(encode(text)),
            Piece::Argument(number, _) => message.extend(arguments.get(*number).copied().unwrap_or_default()),
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(english: &str, translation: &str, arguments: &[&[u8]]) -> Option<String> {
        let pieces = translated(english, translation)?;
        Some(String::from_utf8(filled(&pieces, arguments, |text| text.as_bytes().to_vec())).expect("text"))
    }

    #[test]
    fn arguments_stand_where_the_translation_wants_them() {
        let names: [&[u8]; 2] = [b"'a'", b"'b'"];
        assert_eq!(said("%s and %s meet", "da %s, do %s!", &names).as_deref(), Some("da 'a', do 'b'!"));
        assert_eq!(said("%s and %s meet", "%2$s, %1$s", &names).as_deref(), Some("'b', 'a'"));
        assert_eq!(said("%s", "100 %% %1$s %1$s", &names[..1]).as_deref(), Some("100 % 'a' 'a'"));
        let mode: [&[u8]; 4] = [b"ucp", b"'a'", b"0444", b"r--r--r--"];
        assert_eq!(
            said("%s: try %s (%04lo, %s)? ", "%1$s! (%4$s = %3$04lo) %2$s? ", &mode).as_deref(),
            Some("ucp! (r--r--r-- = 0444) 'a'? ")
        );
    }

    #[test]
    fn other_arguments_than_those_of_the_english_text_are_refused() {
        let others = [
            "",
            "%s",
            "%s %s %s",
            "%s %d",
            "%1$s %3$s",
            "%s %2$s",
            "%1$s %1$s",
            "%s %n",
            "%s %ls",
            "%s %5s",
            "%s %*s",
            "%s %",
            "%s %$s",
            "%0$s %1$s",
            "%99999999999999999999$s %s",
            "%s %.0s",
            "%1$s %2$s %2$d",
            "%-s %s",
            "%s\n%s\n",
        ];
        for other in others {
            assert_eq!(translated("%s and %s", other), None, "{other}");
        }
        assert_eq!(translated("100 %% %s\n", "%s"), None, "a line must end");
    }

    proptest! {
        #[test]
        fn any_translation_gives_all_its_arguments_or_nothing(translation in "(%|s|[0-9]\\$|l|o|é| ){0,12}") {
            if let Some(pieces) = translated("%s %s", &translation) {
                let filled = filled(&pieces, &[b"\x01", b"\x02"], |text| text.as_bytes().to_vec());
                prop_assert!(filled.contains(&1) && filled.contains(&2));
            }
        }
    }
}
