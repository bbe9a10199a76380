//! What kind of file system a copy goes to, as far as it changes what must be done.

/// Magic numbers of file systems whose close(2) may report that earlier writes have failed; from statfs(2) and
/// linux/magic.h: NFS, SMB (three numbers), FUSE, Ceph, AFS, 9P, Coda.
const REPORT_AT_CLOSE: [u64; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x00c3_6400,
    0x5346_414f,
    0x0102_1997,
    0x7375_7245,
];

/// Whether write errors may come as late as at close, by the `f_type` that statfs(2) answers.
#[must_use]
pub fn reports_at_close(kind: impl TryInto<u64>) -> bool {
    // The field is a signed word, whose sign some of the numbers reach on 32 bits.
    kind.try_into().is_ok_and(|kind| REPORT_AT_CLOSE.contains(&(kind & 0xffff_ffff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_and_fuse_report_late_and_local_ones_do_not() {
        assert!(reports_at_close(0x6573_5546_i64) && reports_at_close(0xff53_4d42_i64));
        assert!(!reports_at_close(0xef53_i64) && !reports_at_close(0x5846_5342_i64));
    }
}
