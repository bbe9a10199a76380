complete -c ucat -l way -d 'try one way for each file: auto, splice, sendfile, copy-range, extents, overlap, ahead, plain' -r -f -a "auto\t''
splice\t''
sendfile\t''
copy-range\t''
extents\t''
overlap\t''
ahead\t''
plain\t''"
complete -c ucat -l engine -d 'run operations by auto, uring or sync ($UCP_ENGINE)' -r -f -a "auto\t''
uring\t''
sync\t''"
complete -c ucat -l placement -d 'place a file\'s operations: auto, fused or split' -r -f -a "auto\t''
fused\t''
split\t''"
complete -c ucat -l queue-depth -d 'keep at most N chains in flight in a ring (64)' -r -f
complete -c ucat -l buffer-size -d 'move at most SIZE bytes at a time (4K to 2M)' -r -f
complete -c ucat -l jobs -d 'use at most N worker threads (one a core)' -r -f
complete -c ucat -l sqpoll -d 'let a kernel thread take submissions, idle for MS milliseconds' -f
complete -c ucat -l stats -d 'print statistics on standard error at the end: text (the default) or json' -f -a "text\t''
json\t''"
complete -c ucat -l stats-file -d 'write them to FILE: json, or with --stats=text text' -r -F
complete -c ucat -s b -l number-nonblank -d 'number nonempty output lines, overrides -n'
complete -c ucat -s n -l number -d 'number all output lines'
complete -c ucat -s s -l squeeze-blank -d 'suppress repeated empty output lines'
complete -c ucat -s v -l show-nonprinting -d 'use ^ and M- notation, except for LFD and TAB'
complete -c ucat -s E -l show-ends -d 'display $ or ^M$ at end of each line'
complete -c ucat -s T -l show-tabs -d 'display TAB characters as ^I'
complete -c ucat -s A -l show-all -d 'equivalent to -vET'
complete -c ucat -s e -d 'equivalent to -vE'
complete -c ucat -s t -d 'equivalent to -vT'
complete -c ucat -s u -d '(ignored)'
complete -c ucat -l help -d 'display this help and exit'
complete -c ucat -l version -d 'output version information and exit'
complete -c ucat -l direct -d 'read large files past the page cache'
