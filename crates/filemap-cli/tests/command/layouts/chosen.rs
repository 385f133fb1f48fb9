//! Fields that `--fields` chooses.

use super::place;

#[test]
fn nothing_is_printed_if_no_field_is_like_a_pattern() {
    let (place, layout, _holder) = place();
    for pattern in ["speed", "", " , ", "[0]"] {
        let fields = ["--fields", pattern];
        for form in [&[][..], &["--json"], &["--csv"]] {
            let words = ["read", "car", "--layout", &layout];
            let told = place.run(words.iter().chain(&fields).chain(form));
            assert_eq!(
                (told.code, told.stdout.as_slice()),
                (Some(1), &b""[..]),
                "{pattern} {form:?}"
            );
        }
        for form in [&[][..], &["--json"]] {
            let told = place.run(["layout", &layout].iter().chain(&fields).chain(form));
            assert_eq!(
                (told.code, told.stdout.as_slice()),
                (Some(1), &b""[..]),
                "{pattern} {form:?}"
            );
            assert!(told.stderr.contains("no path is like"), "{}", told.stderr);
        }
    }
}
