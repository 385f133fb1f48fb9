//! Programs in C, compiled and run; the first line of each names its claim.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::library;
use crate::publisher::publish;
use crate::support::{Outcome, Place, compiler, finished, folder, output};
use crate::symbols::declared;

/// How a program is compiled and linked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linked {
    Dynamically,
    Statically,
}

/// Compiles a program of `programs/`, in C11 by default, and runs it.
fn run(name: &str) -> Outcome {
    run_linked(name, Linked::Dynamically)
}

fn run_linked(name: &str, linked: Linked) -> Outcome {
    let place = Place::new()?;
    let source = folder("tests/abi/programs").join(name).with_extension("c");
    let program = compiled(&place, &source, &["-g"], linked)?;

    place.run(Command::new(program))?;

    assert_eq!(place.left()?, [""; 0], "no name is left behind");
    Ok(())
}

/// Compiles a program, and returns where it is.
fn compiled(
    place: &Place,
    source: &Path,
    words: &[&str],
    linked: Linked,
) -> Result<PathBuf, Box<dyn Error>> {
    let name = source.file_stem().ok_or("no name")?;
    let program = place.files.path().join(name).with_extension("program");
    let built = library::folder()?;
    let mut command = compiler("cc");
    command.args(["-std=gnu11", "-o"]).arg(&program).args(words).arg(source);
    if linked == Linked::Statically {
        command.arg(built.join("libfilemap.a")).args(["-lm", "-ldl"]);
    } else {
        command.arg("-L").arg(&built).arg("-lfilemap");
        command.arg(format!("-Wl,-rpath,{}", built.display()));
    }
    finished(command)?;
    Ok(program)
}

/// Compiles the sources of a folder of `conformance/sources`, which know nothing of Linux, and runs
/// the programs at once.
fn run_sources(name: &str, words: &[&str]) -> Outcome {
    let place = Place::new()?;
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder("../../conformance/sources").join(name))? {
        let source = entry?.path();
        if source.extension() == Some(OsStr::new("c")) {
            programs.push(compiled(&place, &source, words, Linked::Dynamically)?);
        }
    }
    let run = &|program: &Path| place.run(Command::new(program)).map_err(|error| error.to_string());
    thread::scope(|scope| {
        let plays: Vec<_> =
            programs.iter().map(|program| scope.spawn(move || run(program))).collect();
        plays.into_iter().try_for_each(|play| play.join().map_err(|_| "a panic".to_owned())?)
    })?;

    assert_eq!(place.left()?, [""; 0], "no name is left behind");
    Ok(())
}

#[test]
fn a_reader_for_windows_polls_a_block_that_another_program_writes() -> Outcome {
    run_sources("telemetry", &[])
}

#[test]
fn a_reader_in_c_has_whole_samples_of_a_publisher_in_rust() -> Outcome {
    const LAST: u16 = 30;
    let place = Place::new()?;
    let source = folder("../../examples/c/telemetry.c");
    let mut reader = Command::new(compiled(&place, &source, &[], Linked::Dynamically)?);
    reader.args(["telemetry", &LAST.to_string()]).env("FILEMAP_DIR", place.registry());

    let read = publish(place.registry(), "telemetry", LAST, || {
        output(reader).map_err(|error| error.to_string())
    })??;

    assert!(read.status.success(), "{read:?}");
    let said = String::from_utf8(read.stdout)?;
    let mut lines: Vec<&str> = said.lines().collect();
    let count = lines.pop().and_then(|line| line.strip_prefix("reader: saw ")?.split(' ').next());
    let samples: u16 = count.ok_or("no count")?.parse()?;
    assert!((1..=LAST).contains(&samples), "{said}");
    // One that is slow may miss frame 20.
    let told =
        [20, LAST].map(|frame| format!("reader: at ({frame}.00, -{frame}.00) in frame {frame}"));
    assert!(lines == told || lines == told[1..], "{said}");
    Ok(())
}

#[test]
fn a_source_for_windows_has_texts_of_either_width() -> Outcome {
    // It prints numbers of 32 bits as `%d` and as `%lu`, which Windows has alike.
    run_sources("tchar", &["-Wno-format"])?;
    run_sources("tchar", &["-DUNICODE", "-D_UNICODE"])?;
    run_sources("tchar", &["-DUNICODE", "-D_UNICODE", "-fshort-wchar"])
}

#[test]
fn a_source_for_windows_maps_a_file_that_the_c_library_has_open() -> Outcome {
    run_sources("osfhandle", &[])
}

#[test]
fn sources_for_windows_count_together_with_interlocked_functions() -> Outcome {
    run_sources("interlocked", &[])
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
fn a_descriptor_stands_for_a_file_and_stays_its_openers() -> Outcome {
    run("descriptors")
}

#[test]
fn a_handle_is_a_descriptor_that_may_be_closed_as_one() -> Outcome {
    run("numbers")
}

#[test]
fn two_processes_share_by_name_and_by_inheritance() -> Outcome {
    run("family")
}

#[test]
fn two_processes_wait_for_each_other_by_name_and_by_inheritance() -> Outcome {
    run("waits")
}

#[test]
fn sources_for_windows_share_a_ring_with_a_mutex_an_event_and_semaphores() -> Outcome {
    run_sources("ring", &["-Wno-format"])
}

#[test]
fn guarded_copies_survive_a_file_that_is_cut() -> Outcome {
    run("lost")
}

#[test]
fn a_view_that_is_held_is_copied_by_codes_until_it_is_let_go() -> Outcome {
    run("pins")
}

#[test]
fn lost_pages_read_as_zeros_and_are_told() -> Outcome {
    run("zeros")
}

#[test]
fn a_mapped_file_does_not_become_shorter() -> Outcome {
    run("shorter")
}

#[test]
fn a_descriptor_lets_another_user_open_a_global_name() -> Outcome {
    run("strangers")
}

#[test]
fn a_file_that_is_to_be_deleted_is_gone_with_its_last_handle_or_its_process() -> Outcome {
    run("temporary")
}

#[test]
fn a_lock_on_a_range_ends_with_its_handle_and_needs_the_handles_right() -> Outcome {
    run("ranges")
}

#[test]
fn a_transfer_moves_nothing_if_a_page_of_its_buffer_is_closed() -> Outcome {
    run("transfers")
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

/// `FILEMAP_SOAK_CYCLES` gives it its long form.
#[test]
fn handles_are_closed_by_all_means_beside_files_of_the_programs_own() -> Outcome {
    run("storm")
}

#[test]
fn a_forked_child_uses_handles_and_views_that_other_threads_were_using() -> Outcome {
    run("forks")
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
fn every_function_is_found_in_the_module() -> Outcome {
    let place = Place::new()?;
    let names: Vec<String> =
        declared()?.iter().map(|name| format!("\"{name}\", (void *){name},")).collect();
    let source = format!(
        "#include <windows.h>\n#include <stdio.h>\nint main(void) {{\n\
         const void *all[] = {{{}}};\n\
         for (size_t at = 0; at < sizeof all / sizeof all[0]; at += 2)\n\
         if ((void *)GetProcAddress(GetModuleHandle(\"kernel32\"), all[at]) != all[at + 1])\n\
         return puts(all[at]), 1;\nreturn 0; }}\n",
        names.concat()
    );
    let file = place.files.path().join("all.c");
    fs::write(&file, source)?;

    let program = compiled(&place, &file, &[], Linked::Dynamically)?;

    place.run(Command::new(program))
}

#[test]
fn every_age_of_c_and_c_plus_plus_reads_the_header() -> Outcome {
    let place = Place::new()?;
    let source = "#include <windows.h>\n#include <io.h>\n\
                  static __declspec(align(64)) volatile LONG count;\n\
                  static __declspec(thread) int own;\n\
                  DWORD WINAPI called(LPVOID parameter);\n\
                  #ifdef __cplusplus\n\
                  ULONG unsigned_too(ULONG *place) { return InterlockedIncrement(place); }\n\
                  ULONGLONG wide_too(ULONGLONG *place) { return InterlockedIncrement64(place); }\n\
                  #endif\n\
                  int main(void) { InterlockedIncrement(&count); MemoryBarrier(); own++;\n\
                  WriteRelease(&count, ReadAcquire(&count)); SwitchToThread();\n\
                  return CreateFileMapping(0, 0, 0, 0, 0, TEXT(\"x\")) != 0; }\n";
    for (compiler_name, suffix, standard) in [
        ("cc", "c", "-std=c99"),
        ("cc", "c", "-std=c11"),
        ("cc", "c", "-std=gnu17"),
        ("c++", "cpp", "-std=c++11"),
        ("c++", "cpp", "-std=c++17"),
    ] {
        if compiler_name == "c++" && output(Command::new("c++")).is_err() {
            // A C compiler is there, since it links this test; one for C++ may be missing.
            println!("skipped: c++ cannot be started");
            continue;
        }
        let file = place.files.path().join("source").with_extension(suffix);
        fs::write(&file, source)?;
        for options in [&["-pedantic"][..], &["-DUNICODE"], &["-DUNICODE", "-fshort-wchar"]] {
            // Before C11, wide literals have one width only.
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
    let text = fs::read_to_string(folder("filemap.pc"))?;

    assert!(text.contains("Libs: -L${libdir} -lfilemap"), "{text}");
    assert!(text.contains(concat!("Version: ", env!("CARGO_PKG_VERSION"))), "{text}");
    Ok(())
}
