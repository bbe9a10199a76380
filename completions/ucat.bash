_ucat() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="ucat"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        ucat)
            opts="-b -n -s -v -E -T -A -e -t -u --number-nonblank --number --squeeze-blank --show-nonprinting --show-ends --show-tabs --show-all --help --version --direct --way --engine --placement --queue-depth --buffer-size --jobs --sqpoll --stats --stats-file"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --way)
                    COMPREPLY=($(compgen -W "auto splice sendfile copy-range extents overlap ahead plain" -- "${cur}"))
                    return 0
                    ;;
                --engine)
                    COMPREPLY=($(compgen -W "auto uring sync" -- "${cur}"))
                    return 0
                    ;;
                --placement)
                    COMPREPLY=($(compgen -W "auto fused split" -- "${cur}"))
                    return 0
                    ;;
                --queue-depth)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --buffer-size)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --jobs)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --sqpoll)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --stats)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --stats-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

# What the function above does not know of bash: "--option=word" is three words to it, behind "--" there are operands
# only, an optional argument stands in no word of its own, and a list has commas between its words, each of which it
# has once. Where nothing is offered, bash completes names of files.
_ucat_words() {
    local required=" --way --engine --placement --queue-depth --buffer-size --jobs --stats-file " optional=" --sqpoll --stats " lists="  "
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
    _ucat "$1" "$word" "$option"
    local candidate candidates=("${COMPREPLY[@]}")
    COMPREPLY=()
    for candidate in "${candidates[@]}"; do
        if [[ ,$before != *,"$candidate",* ]]; then
            COMPREPLY+=("$before$candidate")
        fi
    done
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _ucat_words -o nosort -o bashdefault -o default ucat
else
    complete -F _ucat_words -o bashdefault -o default ucat
fi
