//! Permissions as modes and digits.

use filemap::{ErrorKind, Permissions};

#[test]
fn only_read_and_write_can_be_given_and_not_write_alone() {
    for mode in [0o600, 0o640, 0o660, 0o604, 0o606, 0o644, 0o664, 0o666] {
        let given = Permissions::from_mode(mode).unwrap();
        assert_eq!(given.mode(), mode, "{mode:o}");
    }
    for mode in [0, 0o400, 0o200, 0o620, 0o602, 0o700, 0o755, 0o777, 0o1600, 0o100_644] {
        let refused = Permissions::from_mode(mode).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{mode:o}");
    }
}

#[test]
fn they_are_parsed_from_three_digits() {
    assert_eq!("644".parse::<Permissions>().unwrap(), Permissions::READ_BY_OTHERS);
    for text in ["", "6", "0644", "64x", "+64", "-44", "888"] {
        assert!(text.parse::<Permissions>().is_err(), "{text}");
    }
}
