//! The C programs, built for Windows and for here, and run.

use crate::process;
use crate::stop::{Done, failed};
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Which of its two builds of a program is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    Wine,
    Here,
}

/// How long a program may take. The first under Wine also makes Wine ready.
const PATIENCE: Duration = Duration::from_secs(300);

const COMPILER: &str = "gcc";
const CROSS_COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Folders of sources for Windows, each of which has programs that run at once.
pub(super) const SOURCES: &str = "conformance/sources";

/// What both compilers are told. A warning here is a case that is not what it seems.
const FLAGS: [&str; 5] = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];

/// What the programs link to, and a place for what they make.
pub(super) struct Programs {
    /// Where cargo put the library for C.
    built: PathBuf,
    place: TempDir,
}

impl Programs {
    /// Builds the library for C.
    pub(super) fn new() -> Done<Self> {
        process::needs(&[
            (COMPILER, "gcc"),
            (CROSS_COMPILER, "gcc-mingw-w64-x86-64"),
            ("wine", "wine64 wine"),
        ])?;
        process::run(&mut process::cargo(["build", "--quiet", "--package", "filemap-abi"]))?;
        Ok(Self { built: process::built()?, place: tempfile::tempdir()? })
    }

    /// Builds an area's program, runs it in an empty directory, and returns what it printed.
    pub(super) fn run(&self, area: &str, build: Build) -> Done<String> {
        let source = PathBuf::from(format!("conformance/{area}.c"));
        let program = self.compile(area, &source, &FLAGS, build)?;
        let place = tempfile::tempdir_in(self.place.path())?;
        self.play(&program, place.path(), build)
    }

    /// Builds the programs of a folder of [`SOURCES`] as they are, in one width of text, runs them
    /// at once in one directory, and returns what each printed, as cases: a line is one.
    pub(super) fn run_sources(&self, folder: &str, width: Width, build: Build) -> Done<String> {
        let place = tempfile::tempdir_in(self.place.path())?;
        let mut programs = Vec::new();
        for entry in fs::read_dir(Path::new(SOURCES).join(folder))? {
            let source = entry?.path();
            let Some(name) = source.file_stem().and_then(OsStr::to_str) else { continue };
            if source.extension() == Some(OsStr::new("c")) {
                let words = width.words(build);
                let case = format!("{folder}-{name}{}", width.suffix());
                programs.push((self.compile(&case, &source, words, build)?, case));
            }
        }
        let outputs: Done<Vec<_>> = thread::scope(|scope| {
            let plays: Vec<_> = programs
                .iter()
                .map(|(program, _)| scope.spawn(|| self.play(program, place.path(), build)))
                .collect();
            let ends = plays.into_iter().map(|play| {
                play.join().unwrap_or_else(|_| failed("the thread that ran it panicked"))
            });
            ends.collect()
        });
        let mut cases = String::new();
        for ((_, case), output) in programs.iter().zip(outputs?) {
            for (index, line) in output.lines().enumerate() {
                cases += &format!("sources/{case}-line-{}:\tprints\tok\t-\t{line}\n", index + 1);
            }
        }
        Ok(cases)
    }

    /// Runs a program in a directory, and returns what it printed.
    fn play(&self, program: &Path, place: &Path, build: Build) -> Done<String> {
        let mut command = match build {
            Build::Wine => {
                let mut command = Command::new("wine");
                command.arg(program);
                if env::var_os("WINEDEBUG").is_none() {
                    command.env("WINEDEBUG", "-all");
                }
                command
            }
            Build::Here => {
                let names = place.join("names");
                fs::create_dir_all(&names)?;
                let mut command = Command::new(program);
                command.env("FILEMAP_DIR", names);
                command
            }
        };
        let output = program.with_extension("output");
        command.current_dir(place).stdin(Stdio::null()).stdout(File::create(&output)?);
        process::run_within(&mut command, PATIENCE)?;
        // Windows' programs end lines in their own way.
        Ok(fs::read_to_string(output)?.replace('\r', ""))
    }

    fn compile(&self, name: &str, source: &Path, words: &[&str], build: Build) -> Done<PathBuf> {
        let (compiler, suffix) = match build {
            Build::Wine => (CROSS_COMPILER, ".exe"),
            Build::Here => (COMPILER, ""),
        };
        let program = self.place.path().join(format!("{name}{suffix}"));
        let mut command = Command::new(compiler);
        command.args(words).arg("-o").arg(&program).arg(source);
        if build == Build::Here {
            command.args(["-fshort-wchar", "-Icrates/filemap-abi/include"]);
            command.arg("-L").arg(&self.built).arg("-lfilemap");
            command.arg(format!("-Wl,-rpath,{}", self.built.display()));
        }
        process::run(&mut command)?;
        Ok(program)
    }
}

/// The width of texts in a source for Windows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Narrow,
    Wide,
}

impl Width {
    fn suffix(self) -> &'static str {
        if self == Self::Wide { "-wide" } else { "" }
    }

    /// Returns what a compiler is told. Sources for Windows print its 32-bit numbers as `long`.
    fn words(self, build: Build) -> &'static [&'static str] {
        // By default formats are those of C, and not of Windows; a wide program begins in `wmain`.
        const CROSS: [&str; 6] = [
            "-std=gnu11",
            "-w",
            "-D__USE_MINGW_ANSI_STDIO=0",
            "-DUNICODE",
            "-D_UNICODE",
            "-municode",
        ];
        match (self, build) {
            (Self::Narrow, Build::Wine) => &CROSS[..3],
            (Self::Narrow, Build::Here) => &CROSS[..2],
            (Self::Wide, Build::Wine) => &CROSS,
            (Self::Wide, Build::Here) => &["-std=gnu11", "-w", "-DUNICODE", "-D_UNICODE"],
        }
    }
}
