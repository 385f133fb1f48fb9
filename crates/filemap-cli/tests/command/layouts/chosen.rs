//! Fields that `--fields` chooses.

use serde_json::json;

use super::{ROWS, place};

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

#[test]
fn a_pattern_of_a_list_that_fits_nothing_is_named() {
    let (place, layout, _holder) = place();
    for verb in [&["read", "car", "--layout", &layout][..], &["layout", &layout]] {
        for form in [&[][..], &["--json"]] {
            let words = ["--fields", "rpm, speed,wheel[9]"];
            let told = place.run(verb.iter().chain(&words).chain(form));
            assert_eq!((told.code, told.stdout.as_slice()), (Some(1), &b""[..]), "{verb:?}");
            assert!(told.stderr.contains("no path is like `speed`"), "{}", told.stderr);
        }
        let words = ["--fields", "rpm,"];
        place.run(verb.iter().chain(&words)).text();
    }
    let watch = ["watch", "car", "--layout", &layout, "--json", "--fields", "rpm,speed"];
    let told = place.run(watch);
    assert_eq!((told.code, told.stdout.as_slice()), (Some(1), &b""[..]));
    assert!(told.stderr.contains("no path is like `speed`"), "{}", told.stderr);
}

#[test]
fn a_pattern_may_be_of_a_section_that_has_no_rows_now() {
    let (place, _, _holder) = place();
    let layout = place.file("rows.toml", ROWS.as_bytes());
    let read = |fields: &str| {
        place.run(["read", "car", "--layout", &layout, "--json", "--fields", fields])
    };

    for pattern in ["sensor", "sensor[*].value", "sensor[3]", "*.label"] {
        let told = read(&format!("count,{pattern}"));
        assert_eq!(told.json(), json!({"count": 0}), "{pattern}");
    }
    for pattern in ["sensor[*].speed", "sensor[x].value"] {
        let told = read(&format!("count,{pattern}")).failed_with_json(1);
        let message = told["message"].as_str().unwrap();
        assert!(message.ends_with(&format!("no path is like `{pattern}`")), "{message}");
    }
    place
        .run(["write", "car", "--layout", &layout, "at=64", "count=1", "sensor[0].value=7"])
        .text();
    assert_eq!(read("count,sensor[*].value").json(), json!({"count": 1, "sensor[0].value": 7}));
    read("count,sensor[3].value").failed_with_json(1);
}

#[test]
fn a_layout_shows_the_fields_of_rows_that_a_pattern_fits() {
    let place = crate::support::Place::new();
    let layout = place.file("rows.toml", ROWS.as_bytes());

    let text = place.run(["layout", &layout, "--fields", "count,sensor[*].value"]).text();
    assert!(
        text.ends_with("     4     4  u32   count\n     4     4  u32   sensor[].value\n"),
        "{text}"
    );
    let json = place.run(["layout", &layout, "--fields", "sensor[0].value", "--json"]).json();
    assert_eq!(
        (&json["fields"], &json["sections"][0]["fields"][0]["path"]),
        (&json!([]), &json!("value"))
    );
    let json = place.run(["layout", &layout, "--fields", "count", "--json"]).json();
    assert!(json["sections"].is_null(), "{json}");
}

#[test]
fn rows_are_chosen_by_their_numbers_and_written_by_their_keys_as_well() {
    let (place, _, _holder) = place();
    let layout = place.file("rows.toml", ROWS.as_bytes());
    let write =
        |value: &str| place.run(["write", "car", "--layout", &layout, "at=64", "count=1", value]);
    write("sensor[0].label=CPU").text();
    write("sensor[\"CPU\"].value=7").text();

    let told = write("sensor[\"zz\"].value=1").failed(2);
    assert!(told.contains("none of the 1 rows of `sensor` has the key `zz`"), "{told}");
    let words = ["read", "car", "--layout", &layout, "--fields"];
    assert!(place.run(words.iter().chain(&["sensor[0].value"])).text().contains('7'));
    let told = place.run(words.iter().chain(&["sensor[\"CPU\"].value"])).failed(1);
    assert!(told.contains("by their numbers"), "{told}");
}
