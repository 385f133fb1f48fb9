//! Programs in C, compiled and run: what each claims is in its first line.

use std::process::Command;

use crate::library;
use crate::support::{Outcome, Place, compiler, finished, folder, output};

/// How a program is put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linked {
    Dynamically,
    Statically,
}

/// Compiles a program of `programs/`, in C11 if nothing else is said, and runs it.
fn run(name: &str) -> Outcome {
    run_linked(name, Linked::Dynamically)
}

fn run_linked(name: &str, linked: Linked) -> Outcome {
    let place = Place::new()?;
    let program = place.files.path().join(name).with_extension("program");
    let built = library::folder()?;
    let mut command = compiler("cc");
    command.args(["-std=gnu11", "-g", "-o"]).arg(&program);
    command.arg(folder("tests/abi/programs").join(name).with_extension("c"));
    if linked == Linked::Statically {
        command.arg(built.join("libfilemap.a")).args(["-lm", "-ldl"]);
    } else {
        command.arg("-L").arg(&built).arg("-lfilemap");
        command.arg(format!("-Wl,-rpath,{}", built.display()));
    }
    finished(command)?;

    place.run(Command::new(program))?;

    assert_eq!(place.left()?, [""; 0], "no name is left behind");
    Ok(())
}

#[test]
fn errno_is_the_code_of_every_call_and_a_success_leaves_the_last_error() -> Outcome {
    run("codes")
}

#[test]
fn windows_rules_for_views_and_names_are_kept_to_the_letter() -> Outcome {
    run("gates")
}

#[test]
fn null_and_numbers_that_are_nothing_are_refused() -> Outcome {
    run("nothing")
}

#[test]
fn a_descriptor_stands_for_a_file_and_a_handle_never_looks_like_one() -> Outcome {
    run("descriptors")
}

#[test]
fn two_processes_share_by_name_and_by_inheritance() -> Outcome {
    run("family")
}

#[test]
fn guarded_copies_survive_a_file_that_is_cut() -> Outcome {
    run("lost")
}

#[test]
fn a_mapped_file_does_not_become_shorter() -> Outcome {
    run("shorter")
}

#[test]
fn pages_of_a_view_are_committed_protected_and_described() -> Outcome {
    run("pages")
}

#[test]
fn errors_have_texts_and_texts_have_inserts() -> Outcome {
    run("messages")
}

#[test]
fn the_names_of_the_machine_are_listed() -> Outcome {
    run("names")
}

#[test]
fn threads_share_handles_and_views_and_have_their_own_last_errors() -> Outcome {
    run("threads")
}

#[test]
fn a_source_for_windows_compiles_as_it_is() -> Outcome {
    run("ported")
}

#[test]
fn the_static_library_does_the_same() -> Outcome {
    run_linked("gates", Linked::Statically)?;
    run_linked("lost", Linked::Statically)
}

#[test]
fn the_header_is_c_of_each_age_and_c_plus_plus() -> Outcome {
    let place = Place::new()?;
    let source = "#include <windows.h>\n\
                  int main(void) { return CreateFileMapping(0, 0, 0, 0, 0, TEXT(\"x\")) != 0; }\n";
    for (compiler_name, suffix, standard) in [
        ("cc", "c", "-std=c99"),
        ("cc", "c", "-std=c11"),
        ("cc", "c", "-std=gnu17"),
        ("c++", "cpp", "-std=c++11"),
        ("c++", "cpp", "-std=c++17"),
    ] {
        if compiler_name == "c++" && output(Command::new("c++")).is_err() {
            // The C compiler links this very test; one for C++ is not always beside it.
            println!("skipped: c++ cannot be started");
            continue;
        }
        let file = place.files.path().join("source").with_extension(suffix);
        std::fs::write(&file, source)?;
        for options in [&["-pedantic"][..], &["-DUNICODE"], &["-DUNICODE", "-fshort-wchar"]] {
            // Before C11 there are wide literals of one width alone.
            if standard == "-std=c99" && options == ["-DUNICODE"] {
                continue;
            }
            let mut command = compiler(compiler_name);
            command.args([standard, "-fsyntax-only"]).args(options).arg(&file);
            finished(command).map_err(|error| format!("{standard} {options:?}: {error}"))?;
        }
    }
    Ok(())
}

#[test]
fn pkg_config_tells_how_to_link() -> Outcome {
    let text = std::fs::read_to_string(folder("filemap.pc"))?;

    assert!(text.contains("Libs: -L${libdir} -lfilemap"), "{text}");
    assert!(text.contains(concat!("Version: ", env!("CARGO_PKG_VERSION"))), "{text}");
    Ok(())
}
