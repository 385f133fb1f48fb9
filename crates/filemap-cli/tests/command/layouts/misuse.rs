//! Arguments about fields that do not belong together.

use super::place;

#[test]
fn what_counts_versions_is_not_written_by_its_value_as_well() {
    let (place, _, _holder) = place();
    let words = ["write", "car", "--as", "v:u32 w:u32 x:u32 b:bool low@0:u16:3", "x=1"];
    for (counters, value, why) in [
        (["--seq", "v,w"], "v=3", "`v` counts versions"),
        (["--seq", "v,w"], "w=3", "`w` counts versions"),
        (["--tick", "v"], "low=3", "`low` counts versions"),
        (["--seq", "b"], "x=2", "`b`: it is bool"),
        (["--tick", "b"], "x=2", "`b`: it is bool"),
        (["--seq", "v,v"], "x=2", "share bytes"),
    ] {
        let told = place.run(words.iter().chain(&counters).chain(&["--bump", value])).failed(2);
        assert!(told.contains(why), "{counters:?} {value}: {told}");
    }
    assert_eq!(place.run(["read", "car", "-n", "13", "--json"]).json()["hex"], "0".repeat(26));
    // Without --bump, they are fields as others are.
    place.run(words.iter().chain(&["--seq", "v,w", "v=3"])).text();
}
