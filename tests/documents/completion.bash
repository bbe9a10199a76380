# What the function above does not know of bash: "--option=word" is three words to it, behind "--" there are operands
# only, an optional argument stands in no word of its own, and a list has commas between its words, each of which it
# has once. Where nothing is offered, bash completes names of files.
_{name}_words() {
    local required=" {required} " optional=" {optional} " lists=" {lists} "
    local option=$3 word=$2 before=
    COMPREPLY=()
    if [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *" -- "* ]]; then
        return 0
    fi
    if [[ $3 == "=" ]]; then
        option=${COMP_WORDS[COMP_CWORD-2]}
    elif [[ ${COMP_WORDS[COMP_CWORD]} == "=" ]]; then
        word=
    elif [[ $word == -* ]]; then
        option=
    elif [[ $optional == *" $option "* || $required != *" $option "* ]]; then
        return 0
    fi
    if [[ $lists == *" $option "* && $word == *,* ]]; then
        before=${word%,*},
        word=${word##*,}
    fi
    _{name} "$1" "$word" "$option"
    local candidate candidates=("${COMPREPLY[@]}")
    COMPREPLY=()
    for candidate in "${candidates[@]}"; do
        if [[ ,$before != *,"$candidate",* ]]; then
            COMPREPLY+=("$before$candidate")
        fi
    done
}
