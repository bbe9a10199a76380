complete -c ucp -l backup -d 'keep each replaced file under another name' -f -a "none\t''
off\t''
numbered\t''
t\t''
existing\t''
nil\t''
simple\t''
never\t''"
complete -c ucp -l no-preserve -d 'do not keep these attributes' -r -f -a "(__fish_append , mode ownership timestamps links context xattr all)"
complete -c ucp -l preserve -d 'keep these attributes (mode,ownership,timestamps)' -f -a "(__fish_append , mode ownership timestamps links context xattr all)"
complete -c ucp -l sparse -d 'make holes: auto (where the source has them), always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ucp -l reflink -d 'share blocks with the source: auto (the default), always, never' -f -a "auto\t''
always\t''
never\t''"
complete -c ucp -s S -l suffix -d 'keep replaced files, with SUFFIX behind the name' -r -f
complete -c ucp -s t -l target-directory -d 'copy all SOURCEs into DIRECTORY' -r -f -a "(__fish_complete_directories)"
complete -c ucp -l update -d 'replace which files: all, none, none-fail (each is an error), older' -f -a "all\t''
none\t''
none-fail\t''
older\t''"
complete -c ucp -l context -d 'set the security context to CTX, or as -Z does' -f
complete -c ucp -l exclude -d 'leave out files and directories that GLOB matches (may be repeated)' -r -f
complete -c ucp -l include -d 'copy what GLOB matches after all; of several globs the last counts' -r -f
complete -c ucp -l files0-from -d 'copy the sources that FILE names, with a NUL byte behind each' -r -F
complete -c ucp -l manifest -d 'write the copies\' BLAKE3 hashes to FILE, as b3sum does (\'-\': standard output)' -r -F
complete -c ucp -l progress -d 'show what is done: \'auto\' (on a terminal, after a second), \'always\' or \'never\' (only on SIGUSR1)' -f -a "auto\t''
always\t''
never\t''"
complete -c ucp -l engine -d 'run operations by auto, uring or sync ($UCP_ENGINE)' -r -f -a "auto\t''
uring\t''
sync\t''"
complete -c ucp -l placement -d 'place a file\'s operations: auto, fused or split' -r -f -a "auto\t''
fused\t''
split\t''"
complete -c ucp -l queue-depth -d 'keep at most N chains in flight in a ring (64)' -r -f
complete -c ucp -l buffer-size -d 'move at most SIZE bytes at a time (4K to 2M)' -r -f
complete -c ucp -l jobs -d 'use at most N worker threads (one a core)' -r -f
complete -c ucp -l sqpoll -d 'let a kernel thread take submissions, idle for MS milliseconds' -f
complete -c ucp -l stats -d 'print statistics on standard error at the end: text (the default) or json' -f -a "text\t''
json\t''"
complete -c ucp -l stats-file -d 'write them to FILE: json, or with --stats=text text' -r -F
complete -c ucp -s a -l archive -d 'copy all there is to a tree: -d -R --preserve=all'
complete -c ucp -l attributes-only -d 'copy the attributes of files and leave their data'
complete -c ucp -s b -d 'as --backup without an argument'
complete -c ucp -l copy-contents -d 'with -R, read FIFOs and devices and copy that'
complete -c ucp -s d -d 'copy links as links: -P --preserve=links'
complete -c ucp -l debug -d 'say how each file was copied (and what -v says)'
complete -c ucp -s L -l dereference -d 'follow all symbolic links in SOURCE'
complete -c ucp -s f -l force -d 'remove a destination that cannot be opened, and retry'
complete -c ucp -s H -d 'follow symbolic links that are named as SOURCE, and no others'
complete -c ucp -s i -l interactive -d 'ask before each file that would be replaced (ends an earlier -n)'
complete -c ucp -s l -l link -d 'make hard links instead of copies'
complete -c ucp -s n -l no-clobber -d 'leave existing files alone and say nothing (better: --update=none)'
complete -c ucp -s P -l no-dereference -d 'follow no symbolic links in SOURCE'
complete -c ucp -s T -l no-target-directory -d 'take DEST for the new name, whatever it is'
complete -c ucp -s x -l one-file-system -d 'stay on the file system of each SOURCE'
complete -c ucp -s p -d 'keep mode, ownership and timestamps'
complete -c ucp -l parents -d 'use all of SOURCE\'s path under DIRECTORY'
complete -c ucp -s R -s r -l recursive -d 'copy directories with all they hold'
complete -c ucp -l remove-destination -d 'remove each existing file before its copy is made'
complete -c ucp -l strip-trailing-slashes -d 'take slashes off the end of each SOURCE'
complete -c ucp -s s -l symbolic-link -d 'make symbolic links instead of copies'
complete -c ucp -s u -d 'replace only older files: --update=older'
complete -c ucp -s v -l verbose -d 'say what is being done'
complete -c ucp -l keep-directory-symlink -d 'go into directories by the destination\'s links'
complete -c ucp -s Z -d 'set the security context that the policy wants'
complete -c ucp -l help -d 'display this help and exit'
complete -c ucp -l version -d 'output version information and exit'
complete -c ucp -l direct -d 'go past the page cache where that is possible'
complete -c ucp -l gitignore -d 'leave out what the .gitignore files within each SOURCE name'
complete -c ucp -l dry-run -d 'touch nothing; say what would be done, as -v does'
complete -c ucp -l atomic -d 'give each file its name only when it is complete'
complete -c ucp -l fsync -d 'have files and their names on the device before it ends'
complete -c ucp -l verify -d 'read each copy back from its device and compare it with what was read'
complete -c ucp -l iopoll -d 'poll for completions of direct reads and writes'
