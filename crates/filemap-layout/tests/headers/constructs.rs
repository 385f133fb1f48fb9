//! One header for each construct.

use std::fs;

use filemap_layout::{Abi, Header, Layout};

use crate::compilers::{Asserts, compiler};
use crate::support::{can_read, kept, options};

fn headers() -> Vec<String> {
    let entries = fs::read_dir(kept("")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn sizes_and_offsets_of_every_construct_are_those_of_compilers() {
    if !can_read() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut fields = 0;
    for name in headers() {
        let text = String::from_utf8_lossy(&fs::read(kept(&name)).unwrap()).into_owned();
        let is_cpp = name.ends_with(".hpp");
        for abi in Abi::ALL {
            let is_windows = abi != Abi::LinuxX64;
            if text.contains(if is_windows { "// not: windows" } else { "// not: linux" }) {
                continue;
            }
            let Some(compiler) = compiler(abi, is_cpp) else {
                println!("skipped: no compiler for {} here", abi);
                continue;
            };
            let header = Header::read(kept(&name), &options(abi)).unwrap();
            let mut asserts = Asserts::default();
            for its in header.types() {
                let layout = header.layout(Some(its)).unwrap();
                // As C writes the ones that have no other name.
                let is_tag = text.contains(&format!("struct {its} {{"));
                let spelled =
                    if is_tag && !is_cpp { format!("struct {its}") } else { its.to_owned() };
                asserts.add(&spelled, &layout);
            }
            asserts.check(compiler, &kept(&name), directory.path());
            fields += asserts.fields;
        }
    }
    println!("{fields} fields are where compilers have them");
}

#[test]
fn a_header_that_was_written_as_toml_has_the_same_fields() {
    if !can_read() {
        return;
    }
    for name in headers() {
        for abi in Abi::ALL {
            let header = Header::read(kept(&name), &options(abi)).unwrap();
            for its in header.types() {
                let layout = header.layout(Some(its)).unwrap();
                let again = Layout::from_toml(&layout.to_toml()).unwrap();
                let values = |layout: &Layout| {
                    let leaf = |leaf: filemap_layout::Leaf<'_>| {
                        (leaf.path, leaf.offset, leaf.kind.size(), leaf.unit.map(str::to_owned))
                    };
                    layout.leaves().map(leaf).collect::<Vec<_>>()
                };
                assert_eq!(values(&again), values(&layout), "{name} {its}");
                assert_eq!((again.size(), again.abi()), (layout.size(), Some(abi.name())));
                assert_eq!(again.versions(), layout.versions());
            }
        }
    }
}
