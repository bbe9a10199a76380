# Types "$2" into an interactive zsh that has loaded the completion "$1", asks for candidates, and prints what that
# terminal shows. ^D at the end of a line lists candidates, ^U throws the line away.
zmodload zsh/zpty || exit 3
zpty shell "TERM=dumb zsh -f -i"
shown=
until_shown() {
    local part
    while [[ $shown != *$1* ]]; do
        zpty -r shell part || exit 4
        shown+=$part
    done
}
zpty -w shell "PS1= LISTMAX=0 LINES=200 COLUMNS=200"
zpty -w shell "fpath=(${(q)1:h} \$fpath); autoload -Uz compinit && compinit -u -D"
# Only when the line editor reads does it see ^D: before, the terminal would take that for the end of the input.
zpty -w shell "zle-line-init() { print REA''DY }; zle -N zle-line-init"
until_shown READY
shown=
zpty -w -n shell "$2"$'\C-d\C-u'
zpty -w shell "print EN''D"
until_shown END
print -r -- "$shown"
zpty -d shell
