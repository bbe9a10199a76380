//! The words of messages: in English, and in whose catalogue a translation of them is to be looked for.

/// A collection of translated messages; the name of its catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// The messages of GNU cp and cat.
    Coreutils,
    /// Those of the library that GNU's programs share.
    Gnulib,
    /// The C library's: reasons, and what is wrong with an option.
    Libc,
}

impl Domain {
    /// The name of the catalogue's file.
    #[must_use]
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Coreutils => "coreutils.mo",
            Self::Gnulib => "gnulib.mo",
            Self::Libc => "libc.mo",
        }
    }
}

/// A message before its arguments are put in: a format as of printf(3), by which a catalogue knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    /// Where translations are; none for messages of our own, which are in English.
    pub domain: Option<Domain>,
    /// The format in English.
    pub english: &'static str,
}

impl Words {
    /// Words of GNU cp or cat.
    #[must_use]
    pub(crate) const fn gnu(english: &'static str) -> Self {
        Self { domain: Some(Domain::Coreutils), english }
    }

    /// Words of the library that GNU's programs share.
    #[must_use]
    pub(crate) const fn gnulib(english: &'static str) -> Self {
        Self { domain: Some(Domain::Gnulib), english }
    }

    /// Words of the C library.
    #[must_use]
    pub(crate) const fn libc(english: &'static str) -> Self {
        Self { domain: Some(Domain::Libc), english }
    }

    /// Words that only these programs say.
    #[must_use]
    pub(crate) const fn own(english: &'static str) -> Self {
        Self { domain: None, english }
    }
}
