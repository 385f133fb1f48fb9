//! Structs that nobody thought of, compared with compilers: offsets, sizes, and every bit field's bits.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use filemap_layout::{Abi, Header, Kind, Layout, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::compilers::{Asserts, compiler};
use crate::support::{can_read, options};

const TYPES: [&str; 18] = [
    "char",
    "signed char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned",
    "long",
    "unsigned long",
    "long long",
    "unsigned long long",
    "float",
    "double",
    "bool",
    "wchar_t",
    "void *",
    "Mode",
    "volatile int",
];
/// Those of them that can have bit fields, with their bits on every compiler.
const WITH_BITS: [(&str, u32); 9] = [
    ("unsigned char", 8),
    ("signed char", 8),
    ("short", 16),
    ("unsigned short", 16),
    ("int", 32),
    ("unsigned", 32),
    ("unsigned long", 32),
    ("long long", 64),
    ("unsigned long long", 64),
];
/// The structs of one header.
const STRUCTS: usize = 60;
/// Those of them that are inside others.
const INNER: usize = 20;

#[derive(Debug, Clone)]
enum Part {
    One(usize),
    Array(usize, u32),
    Table(usize, u32, u32),
    /// Bits of one type, and whether the next ones begin in another number.
    Bits(usize, u32, bool),
    /// One of the first structs, that many times.
    Inner(usize, u32),
    Struct(Vec<Part>),
    Union(Vec<Part>),
}

fn part() -> impl Strategy<Value = Part> {
    let types = 0..TYPES.len();
    let leaf = prop_oneof![
        6 => types.clone().prop_map(Part::One),
        3 => (types.clone(), 1..9_u32).prop_map(|(ty, count)| Part::Array(ty, count)),
        1 => (types, 1..4_u32, 1..4_u32).prop_map(|(ty, one, two)| Part::Table(ty, one, two)),
        4 => (0..WITH_BITS.len(), 1..65_u32, prop::bool::weighted(0.1))
            .prop_map(|(ty, width, gap)| Part::Bits(ty, width, gap)),
        2 => (0..INNER, 0..4_u32).prop_map(|(inner, count)| Part::Inner(inner, count)),
    ];
    leaf.prop_recursive(3, 12, 5, |part| {
        let parts = prop::collection::vec(part, 1..5);
        prop_oneof![parts.clone().prop_map(Part::Struct), parts.prop_map(Part::Union)]
    })
}

fn structs() -> impl Strategy<Value = Vec<(u32, Vec<Part>)>> {
    let pack = prop_oneof![3 => Just(0_u32), 1 => (0..4_u32).prop_map(|power| 1 << power)];
    prop::collection::vec((pack, prop::collection::vec(part(), 1..22)), STRUCTS)
}

/// Writes fields, and returns the names of those that are bit fields.
fn write(
    text: &mut String,
    (parts, is_union): (&[Part], bool),
    of: usize,
    next: &mut u32,
    bits: &mut Vec<String>,
) {
    for part in parts {
        *next += 1;
        let name = format!("f{next}");
        let line = match part {
            Part::One(ty) => format!("{} {name};", TYPES[*ty]),
            Part::Array(ty, count) => format!("{} {name}[{count}];", TYPES[*ty]),
            Part::Table(ty, one, two) => format!("{} {name}[{one}][{two}];", TYPES[*ty]),
            // For compilers of Microsoft, the type of such bits does not align their union.
            Part::Bits(ty, ..) if is_union => format!("{} {name};", WITH_BITS[*ty].0),
            Part::Bits(ty, width, gap) => {
                let (ty, most) = WITH_BITS[*ty];
                let name = format!("bits{next}");
                bits.push(name.clone());
                let gap = if *gap { format!(" {ty} : 0;") } else { String::new() };
                format!("{ty} {name} : {};{gap}", (width - 1) % most + 1)
            }
            // The first ones alone are inside others, or sizes would double with each.
            Part::Inner(..) if of < INNER => format!("char {name};"),
            Part::Inner(inner, 0) => format!("S{inner} {name};"),
            Part::Inner(inner, count) => format!("S{inner} {name}[{count}];"),
            Part::Struct(parts) | Part::Union(parts) => {
                let word = if matches!(part, Part::Struct(_)) { "struct" } else { "union" };
                write!(text, "{word} {{ char {name}; ").unwrap();
                write(text, (parts, word == "union"), of, next, bits);
                "};".to_owned()
            }
        };
        writeln!(text, "    {line}").unwrap();
    }
}

/// Returns a header with the structs, and the struct and field of each bit field.
fn header(structs: &[(u32, Vec<Part>)]) -> (String, Vec<(usize, String)>) {
    let mut text = "#include <stdbool.h>\n#include <stddef.h>\n#include <wchar.h>\n\
                    typedef enum { kNone, kSome = 7 } Mode;\n"
        .to_owned();
    let mut all = Vec::new();
    for (index, (pack, parts)) in structs.iter().enumerate() {
        let (mut next, mut bits) = (0, Vec::new());
        if *pack > 0 {
            writeln!(text, "#pragma pack(push, {pack})").unwrap();
        }
        writeln!(text, "typedef struct {{\n    char first;").unwrap();
        write(&mut text, (parts, false), index, &mut next, &mut bits);
        writeln!(text, "}} S{index};").unwrap();
        if *pack > 0 {
            writeln!(text, "#pragma pack(pop)").unwrap();
        }
        all.extend(bits.into_iter().map(|name| (index, name)));
    }
    // One struct for each bit field, in which that one is to be set.
    writeln!(text, "typedef struct {{").unwrap();
    for (index, (of, _)) in all.iter().enumerate() {
        writeln!(text, "    S{of} p{index};").unwrap();
    }
    writeln!(text, "    char last;\n}} All;").unwrap();
    (text, all)
}

/// Returns the bytes of an `All`, in which each bit field has all of its bits, as a compiler places them.
fn set(compiler: &str, path: &Path, bits: &[(usize, String)], directory: &Path) -> Option<Vec<u8>> {
    let mut text = format!(
        "#include \"{}\"\n__attribute__((section(\".probe\"), used)) const All all = {{\n",
        path.display()
    );
    for (index, (_, name)) in bits.iter().enumerate() {
        writeln!(text, "    .p{index} = {{ .{name} = -1 }},").unwrap();
    }
    text.push_str("};\n");
    let [source, object, bytes] = ["set.c", "set.o", "set.bin"].map(|name| directory.join(name));
    fs::write(&source, text).unwrap();
    let output = Command::new(compiler).args(["-w", "-c", "-o"]).arg(&object).arg(&source).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let objcopy = compiler.strip_suffix("gcc")?.to_owned() + "objcopy";
    let copied = Command::new(objcopy)
        .args(["-O", "binary", "--only-section=.probe"])
        .args([&object, &bytes])
        .status();
    copied.ok().filter(std::process::ExitStatus::success)?;
    fs::read(bytes).ok()
}

/// Checks that each bit field has the bits that the compiler set, and no others are set.
fn check_bits(all: &Layout, bytes: &[u8], bits: &[(usize, String)], sizes: &[u64]) {
    assert!(bytes.len() as u64 >= all.size());
    for (index, (of, name)) in bits.iter().enumerate() {
        let find = |path: &str| all.find(&path.parse().unwrap(), None).unwrap();
        let field = find(&format!("p{index}.{name}"));
        let start = usize::try_from(find(&format!("p{index}")).offset).unwrap();
        let end = start + usize::try_from(sizes[*of]).unwrap();
        let ones: u32 = bytes[start..end].iter().map(|byte| byte.count_ones()).sum();
        let width = match field.kind {
            Kind::Bits { width, .. } => u32::from(*width),
            // Bits that no number has are the bytes that they are in.
            Kind::Bytes(_) => continue,
            other => panic!("S{of}.{name} is {other}"),
        };
        let most = Value::Unsigned(u64::MAX >> (64 - width));
        let value = field.value(bytes).unwrap();
        assert!(
            [Value::Signed(-1), most].contains(&value),
            "S{of}.{name} is {value}, not its bits"
        );
        assert_eq!(ones, width, "S{of}.{name}");
    }
}

#[test]
fn ten_thousand_generated_fields_are_where_compilers_have_them() {
    if !can_read() {
        return;
    }
    let compilers: Vec<_> =
        Abi::ALL.into_iter().filter_map(|abi| Some((abi, compiler(abi, false)?))).collect();
    for abi in Abi::ALL {
        if !compilers.iter().any(|(its, _)| *its == abi) {
            println!("skipped: no compiler for {abi} here");
        }
    }
    if compilers.is_empty() {
        return;
    }
    let counted = std::cell::Cell::new((0, 0));
    let config =
        Config { cases: 1, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let check = |structs: Vec<(u32, Vec<Part>)>| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("generated.h");
        let (text, bits) = header(&structs);

        fs::write(&path, &text).unwrap();
        for (abi, compiler) in &compilers {
            let header = Header::read(&path, &options(*abi)).unwrap();
            let mut asserts = Asserts::default();
            let mut sizes = Vec::new();
            for index in 0..structs.len() {
                let layout = header.layout(Some(&format!("S{index}"))).unwrap();
                asserts.add(&format!("S{index}"), &layout);
                sizes.push(layout.size());
                let again = Layout::from_toml(&layout.to_toml()).unwrap();
                assert!(
                    again
                        .leaves()
                        .map(|one| (one.path, one.offset))
                        .eq(layout.leaves().map(|one| (one.path, one.offset)))
                );
            }
            asserts.check(compiler, &path, directory.path());
            let bytes = set(compiler, &path, &bits, directory.path());
            let (fields, checked) = counted.get();
            counted
                .set((fields + asserts.fields, checked + bytes.as_ref().map_or(0, |_| bits.len())));
            if let Some(bytes) = bytes {
                check_bits(&header.layout(Some("All")).unwrap(), &bytes, &bits, &sizes);
            }
        }
        Ok(())
    };
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(&structs(), check)
    .unwrap();
    let (fields, bits) = counted.get();
    println!("{fields} fields, of which {bits} are bits, are where compilers have them");
    assert!(fields >= 10_000, "{fields}");
}
