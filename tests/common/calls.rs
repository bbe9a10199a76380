//! The numbers of system calls that only old machines have, for filters that refuse whatever does a thing. Where a machine
//! was born without one (aarch64, riscv64), its name here stands for the call that took its place.

/// Defines a name as the call of the same name on `x86_64`, and as its successor elsewhere.
macro_rules! calls {
    ($($name:ident = $old:ident or $new:ident;)*) => {$(
        #[cfg(target_arch = "x86_64")]
        pub const $name: i64 = libc::$old;
        #[cfg(not(target_arch = "x86_64"))]
        pub const $name: i64 = libc::$new;
    )*};
}

calls! {
    CHMOD = SYS_chmod or SYS_fchmodat;
    CHOWN = SYS_chown or SYS_fchownat;
    LCHOWN = SYS_lchown or SYS_fchownat;
    LINK = SYS_link or SYS_linkat;
    MKDIR = SYS_mkdir or SYS_mkdirat;
    MKNOD = SYS_mknod or SYS_mknodat;
    READLINK = SYS_readlink or SYS_readlinkat;
    RENAME = SYS_rename or SYS_renameat2;
    RENAMEAT = SYS_renameat or SYS_renameat2;
    STAT = SYS_stat or SYS_newfstatat;
    SYMLINK = SYS_symlink or SYS_symlinkat;
    UNLINK = SYS_unlink or SYS_unlinkat;
}
