use crate::support::{Place, Running};

/// Leaves dead names behind, each with 64 KiB of written memory, and returns their creators.
fn leave_dead(place: &Place, names: &[&str]) -> Vec<u32> {
    let hold = |name: &&str| place.hold([*name, "--size", "64KiB"]);
    let holders: Vec<_> = names.iter().map(hold).collect();
    for name in names {
        let written = place.run_with_input(["write", name, "--offset", "0"], &[7; 1 << 16]);
        assert_eq!(written.code, Some(0), "{written:?}");
    }
    // No name is used from here on, because that could free the dead ones.
    let kill = |holder: Running| {
        let number = holder.id();
        holder.kill();
        number
    };
    holders.into_iter().map(kill).collect()
}

#[test]
fn nothing_is_freed_where_nothing_is_dead() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "1"]);

    assert_eq!(place.run(["gc"]).text(), "nothing to free\n");
    assert_eq!(place.run(["gc", "--dry-run"]).text(), "nothing to free\n");
    assert_eq!(place.run(["ls", "--json"]).json()[0]["live"], true);
}

/// On Windows the kernel frees the names of a killed process.
#[cfg(windows)]
#[test]
fn killed_processes_leave_nothing_to_free() {
    let place = Place::new();
    let _holder = place.hold(["lasting", "--size", "1"]);
    assert_eq!(leave_dead(&place, &["one", "two"]).len(), 2);

    assert_eq!(place.run(["gc", "--dry-run"]).text(), "nothing to free\n");
    assert_eq!(place.run(["gc"]).text(), "nothing to free\n");
    let left = place.run(["ls", "--json"]).json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["name"]), (1, &"Local\\lasting".into()));
}

#[cfg(target_os = "linux")]
#[test]
fn dead_names_are_freed_and_live_ones_are_not() {
    let place = Place::new();
    let _holder = place.hold(["lasting", "--size", "1"]);
    leave_dead(&place, &["one", "two"]);

    let said = place.run(["gc"]).text();

    let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "BYTES", "CREATOR", "AGE"]);
    assert_eq!((rows[1][0], rows[2][0]), ("Local\\one", "Local\\two"));
    assert_eq!(rows[3][..3], ["freed", "2", "names,"], "{said}");
    let left = place.run(["ls", "--json"]).json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["name"]), (1, &"Local\\lasting".into()));
    assert_eq!(place.run(["gc"]).text(), "nothing to free\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_dry_run_tells_what_is_dead_and_frees_nothing() {
    let place = Place::new();
    let creators = leave_dead(&place, &["scores"]);

    let said = place.run(["gc", "--dry-run"]).text();
    let json = place.run(["gc", "--dry-run", "--json"]).json();

    assert!(said.lines().last().unwrap().starts_with("would free 1 name, "), "{said}");
    assert_eq!((&json["count"], &json["dry_run"]), (&1.into(), &true.into()));
    assert_eq!(json["names"][0]["name"], "Local\\scores");
    assert_eq!(json["names"][0]["creator"], creators[0]);
    assert!(json["bytes"].as_u64().unwrap() >= 1 << 16, "{json}");
    assert_eq!(place.entries().len(), 1);

    let freed = place.run(["gc", "--json"]).json();
    assert_eq!((&freed["count"], &freed["dry_run"]), (&1.into(), &false.into()));
    assert_eq!(
        (&freed["names"][0]["name"], &freed["bytes"]),
        (&json["names"][0]["name"], &json["bytes"])
    );
    assert_eq!(place.entries(), crate::support::NOTHING);
}
