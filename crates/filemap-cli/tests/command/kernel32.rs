use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{NOTHING, Outcome, Place, emulated, finish, words_for};

/// A file that the command takes for the library; it is not loaded here.
const LIBRARY: &[u8] = b"\x7fELF ... CreateFileMappingW";

/// A file that the command takes for a program that calls kernel32.
const CALLER: &[u8] = b"MZ ... BSJB ... Kernel32.dll";

struct Folder {
    place: Place,
    library: String,
    app: PathBuf,
}

impl Folder {
    /// An empty folder, and a library elsewhere.
    fn new() -> Self {
        let place = Place::new();
        let library = place.file("library.so", LIBRARY);
        let app = place.path("app");
        fs::create_dir(&app).unwrap();
        Self { place, library, app }
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.app.join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.app.join(name)).unwrap()
    }

    fn install(&self) -> Outcome {
        self.place.run(["kernel32", "--install", "app", "--library", &self.library])
    }

    fn uninstall(&self) -> Outcome {
        self.place.run(["kernel32", "--uninstall", "app"])
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.app).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs a script with the library, and its folder for temporary files.
    fn run(&self, script: &str) -> Outcome {
        let library = &self.library;
        self.place.run(["kernel32", "--library", library, "--run", "--", "sh", "-c", script])
    }
}

#[test]
fn every_name_that_is_installed_leads_to_one_file() {
    let folder = Folder::new();

    let told = folder.install().text();

    let file = fs::metadata(folder.app.join("libfilemap.so")).unwrap();
    let mut count = 0;
    for name in folder.names().iter().filter(|name| name.ends_with(".so")) {
        let found = fs::metadata(folder.app.join(name)).unwrap();
        assert_eq!((found.dev(), found.ino()), (file.dev(), file.ino()), "{name}");
        count += 1;
    }
    assert_eq!(count, 15);
    for name in ["kernel32.dll.so", "Kernel32.so", "KERNEL32.dll.so", "libkernel32.so"] {
        assert!(folder.app.join(name).is_file(), "{name}");
    }
    assert!(told.starts_with("installed `"), "{told}");
    assert!(told.contains("LD_LIBRARY_PATH="), "{told}");
    assert!(told.contains("MONO_CONFIG="), "{told}");
}

#[test]
fn no_name_is_one_that_dotnet_takes_for_a_managed_library() {
    let folder = Folder::new();

    folder.install().text();

    let managed: Vec<_> = folder.names().into_iter().filter(|name| name.ends_with("dll")).collect();
    assert_eq!(managed, [""; 0]);
}

#[test]
fn an_installed_folder_can_be_moved() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.install().text();
    fs::remove_file(&folder.library).unwrap();
    let moved = folder.place.path("moved");

    fs::rename(&folder.app, &moved).unwrap();

    assert_eq!(fs::read(moved.join("Kernel32.dll.so")).unwrap(), LIBRARY);
    assert!(!fs::read_to_string(moved.join("app.exe.config")).unwrap().contains("app/"));
}

#[test]
fn what_calls_kernel32_gets_a_configuration_for_mono() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.write("library.dll", CALLER);
    folder.write("other.dll", b"MZ ... BSJB ... user32.dll");
    folder.write("native.dll", b"MZ ... KERNEL32.dll");

    folder.install().text();

    let configurations: Vec<_> =
        folder.names().into_iter().filter(|name| name.ends_with(".config")).collect();
    assert_eq!(configurations, ["app.exe.config", "library.dll.config", "mono.config"]);
    let text = folder.read("app.exe.config");
    assert!(text.contains("<dllmap dll=\"i:kernel32.dll\" target=\"libfilemap.so\"/>"), "{text}");
    assert!(text.contains("<dllmap dll=\"i:kernel32\" target=\"libfilemap.so\"/>"), "{text}");
}

#[test]
fn a_configuration_that_is_there_stays_and_what_to_add_is_told() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.write("app.exe.config", b"<configuration><startup/></configuration>");

    let told = folder.install().text();

    assert_eq!(folder.read("app.exe.config"), "<configuration><startup/></configuration>");
    assert!(told.contains("app.exe.config is there already"), "{told}");
    let line = told.lines().find(|line| line.contains("i:kernel32.dll")).unwrap().trim();
    let other = told.lines().find(|line| line.contains("\"i:kernel32\"")).unwrap().trim();
    folder.write(
        "app.exe.config",
        format!("<configuration>{line}{other}</configuration>").as_bytes(),
    );
    assert!(folder.install().text().contains("app.exe.config leads here already"));
}

#[test]
fn the_configuration_for_all_programs_has_the_whole_path() {
    let folder = Folder::new();

    folder.install().text();

    let whole = folder.app.join("libfilemap.so");
    let text = folder.read("mono.config");
    assert!(text.contains(&format!("\"i:kernel32\" target=\"{}\"", whole.display())), "{text}");
}

#[test]
fn installing_again_renews_the_library() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.install().text();
    let names = folder.names();
    let renewed = [LIBRARY, b" renewed"].concat();
    fs::write(&folder.library, &renewed).unwrap();

    folder.install().text();

    assert_eq!(folder.names(), names);
    assert_eq!(fs::read(folder.app.join("kernel32.so")).unwrap(), renewed);
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let folder = Folder::new();
    let library = &folder.library;

    folder.place.run(["kernel32", "--install", "new", "--library", library]).text();

    assert!(folder.place.path("new/kernel32.dll.so").is_file());
    let deep = folder.place.run(["kernel32", "--install", "no/where", "--library", library]);
    assert!(deep.failed(2).contains("no/where"));
}

#[test]
fn a_library_can_be_installed_where_it_is() {
    let folder = Folder::new();
    folder.write("libfilemap.so", LIBRARY);
    let library = "app/libfilemap.so";

    folder.place.run(["kernel32", "--install", "app", "--library", library]).text();
    folder.uninstall().text();

    assert_eq!(folder.names(), ["libfilemap.so"]);
}

#[test]
fn what_somebody_else_put_there_is_not_overwritten() {
    for name in ["kernel32.dll.so", "libfilemap.so", "mono.config"] {
        let folder = Folder::new();
        folder.write("app.exe", CALLER);
        folder.write(name, b"somebody's");

        let sentence = folder.install().failed(2);

        assert!(sentence.contains(name), "{sentence}");
        assert_eq!(folder.read(name), "somebody's");
        assert_eq!(folder.names().len(), 2, "{:?}", folder.names());
    }
}

#[test]
fn uninstalling_takes_away_what_was_installed_and_nothing_else() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.write("own.so", b"own");
    folder.install().text();
    assert_eq!(folder.names().len(), 20);

    let told = folder.uninstall().text();

    assert!(told.starts_with("removed 17 files"), "{told}");
    assert_eq!(folder.names(), ["app.exe", "own.so"]);
    let sentence = folder.uninstall().failed(1);
    assert!(sentence.contains("nothing was installed"), "{sentence}");
}

#[test]
fn what_was_changed_since_is_kept_and_told() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.install().text();
    let changed = folder.read("app.exe.config").replace("<configuration>", "<configuration> ");
    folder.write("app.exe.config", changed.as_bytes());
    fs::remove_file(folder.app.join("kernel32.so")).unwrap();
    folder.write("kernel32.so", b"somebody's");

    let told = folder.uninstall().text();

    assert!(told.contains("kept `app.exe.config`"), "{told}");
    assert_eq!(folder.names(), ["app.exe", "app.exe.config", "kernel32.so"]);
}

#[test]
fn installing_again_leaves_what_was_changed_since() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.install().text();
    let changed = folder.read("app.exe.config").replace("<configuration>", "<configuration> ");
    folder.write("app.exe.config", changed.as_bytes());

    assert!(folder.install().text().contains("app.exe.config leads here already"));
    assert_eq!(folder.read("app.exe.config"), changed);

    fs::remove_file(folder.app.join("kernel32.so")).unwrap();
    folder.write("kernel32.so", b"somebody's");
    assert!(folder.install().failed(2).contains("kernel32.so"));
    assert_eq!(folder.read("kernel32.so"), "somebody's");
}

#[test]
fn a_record_that_names_other_files_takes_nothing_away() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.install().text();
    let precious = folder.place.file("precious", b"precious");
    folder.write(
        "filemap-kernel32.txt",
        format!("../precious\n{precious}\n..\n.\napp.exe\n").as_bytes(),
    );

    folder.uninstall().text();

    assert_eq!(fs::read(precious).unwrap(), b"precious");
    assert!(folder.app.join("app.exe").is_file());
}

#[test]
fn what_is_no_such_library_is_refused() {
    let folder = Folder::new();
    folder.place.file("text", b"CreateFileMappingW");
    folder.place.file("other.so", b"\x7fELF nothing of the kind");
    for library in ["text", "other.so", "missing.so", "app"] {
        let refused = folder.place.run(["kernel32", "--install", "app", "--library", library]);

        assert!(refused.failed(2).contains(library));
        assert_eq!(folder.names(), [""; 0]);
    }
}

/// Copies the command into a folder of its own, where it finds no library by accident.
fn elsewhere(place: &Place, arguments: &[&str]) -> Outcome {
    let folder = place.path("bin");
    let program = folder.join("filemap");
    if !program.exists() {
        fs::create_dir_all(&folder).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_filemap"), &program).unwrap();
    }
    let words = words_for(program.to_str().unwrap());
    let mut command = place.other_command(&words[0]);
    command.args(&words[1..]).args(arguments).env_remove("LD_LIBRARY_PATH");
    finish(command, b"")
}

#[test]
fn the_library_is_found_beside_the_command_and_in_lib() {
    let place = Place::new();
    let install = ["kernel32", "--install", "app", "--json"];
    let missing = elsewhere(&place, &install);
    if missing.code == Some(2) {
        let error = missing.failed_with_json(2);
        assert_eq!(error["kind"], "NotFound");
        assert!(error["message"].as_str().unwrap().contains("--library"), "{error}");
    }
    for folder in ["lib", "bin"] {
        let library = place.path(folder).join("libfilemap.so");
        fs::create_dir_all(place.path(folder)).unwrap();
        fs::write(&library, LIBRARY).unwrap();

        let installed = elsewhere(&place, &install).json();

        let library = fs::canonicalize(library).unwrap();
        assert_eq!(installed["library"], library.to_str().unwrap());
    }
}

#[test]
fn a_report_in_json_has_every_name_and_configuration() {
    let folder = Folder::new();
    folder.write("app.exe", CALLER);
    folder.write("library.dll", CALLER);
    folder.write("library.dll.config", b"<configuration/>");
    let library = &folder.library;

    let installed =
        folder.place.run(["kernel32", "--install", "app", "--library", library, "--json"]).json();
    let removed = folder.place.run(["kernel32", "--uninstall", "app", "--json"]).json();

    assert_eq!(installed["names"].as_array().unwrap().len(), 14);
    assert_eq!(
        installed["configurations"],
        json!([
            { "name": "app.exe.config", "state": "written" },
            { "name": "library.dll.config", "state": "add-by-hand" },
        ])
    );
    assert_eq!(removed["removed"].as_array().unwrap().len(), 17);
    assert_eq!(removed["kept"], json!([]));
}

#[test]
fn a_command_finds_the_library_and_what_mono_reads() {
    let folder = Folder::new();
    let script =
        "cd \"${LD_LIBRARY_PATH%%:*}\" && cat kernel32.dll.so && cat \"$MONO_CONFIG\" && pwd";

    let outcome = folder.run(script);

    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let said = String::from_utf8(outcome.stdout).unwrap();
    assert!(said.contains("CreateFileMappingW"), "{said}");
    let library = fs::canonicalize(&folder.library).unwrap();
    assert!(
        said.contains(&format!("\"i:kernel32.dll\" target=\"{}\"", library.display())),
        "{said}"
    );
    let temporary = said.lines().last().unwrap();
    assert!(!Path::new(temporary).exists(), "{temporary}");
}

#[test]
fn what_mono_read_before_is_still_read() {
    let folder = Folder::new();
    let own = "<configuration><dllmap dll=\"own\" target=\"own.so\"/></configuration>";
    let own = folder.place.file("own.config", own.as_bytes());
    let mut command = folder.place.command();
    command.args(["kernel32", "--library", &folder.library, "--run", "--"]);
    command.args(["sh", "-c", "cat \"$MONO_CONFIG\"; echo \"$LD_LIBRARY_PATH\""]);
    command.env("MONO_CONFIG", own).env("LD_LIBRARY_PATH", "/own/libraries");

    let said = finish(command, b"").text();

    let lines = ["\"own\"", "\"i:kernel32.dll\"", "\"i:kernel32\""].map(|line| said.find(line));
    assert!(lines.iter().all(Option::is_some) && lines.is_sorted(), "{said}");
    assert!(said.ends_with(":/own/libraries\n"), "{said}");
}

#[test]
fn the_end_of_the_command_is_passed_through_and_its_folder_is_gone() {
    let folder = Folder::new();
    let before = folder.place.files().len();
    for (script, code) in
        [("exit 0", 0), ("exit 7", 7), ("kill -s KILL $$", 137), ("kill -s SEGV $$", 139)]
    {
        assert_eq!(folder.run(script).code, Some(code), "{script}");
        assert_eq!(folder.place.files().len(), before, "{script}");
    }
}

#[test]
fn a_request_to_end_reaches_the_command_and_its_folder_is_gone() {
    let folder = Folder::new();
    let before = folder.place.files().len();
    let script = "echo ready; exec cat";
    let library = folder.library.as_str();
    let mut running =
        folder.place.start(["kernel32", "--library", library, "--run", "--", "sh", "-c", script]);
    assert_eq!(running.next_line(), "ready");

    running.signal("TERM");

    assert_eq!(running.wait().code, Some(128 + 15));
    assert_eq!(folder.place.files().len(), before);
}

#[test]
fn a_command_that_cannot_be_started_leaves_no_folder() {
    let folder = Folder::new();
    let before = folder.place.files().len();
    let library = &folder.library;

    let refused =
        folder.place.run(["kernel32", "--library", library, "--run", "--", "no-such-program"]);

    if emulated() {
        // The emulator does not report a failed `exec`: its child ends with an exit code instead.
        assert_eq!(refused.code, Some(127), "{refused:?}");
    } else {
        assert!(refused.failed(127).contains("no-such-program"));
    }
    assert_eq!(folder.place.files().len(), before);
}

#[test]
fn the_command_uses_the_names_that_were_given() {
    let folder = Folder::new();
    let other = Place::new();
    let registry = other.registry().to_str().unwrap();
    let library = &folder.library;
    let arguments = ["kernel32", "--library", library, "--registry", registry, "--run", "--"];
    let script = "printf %s \"$FILEMAP_DIR\"";

    let said = folder.place.run(arguments.into_iter().chain(["sh", "-c", script])).text();

    assert_eq!(said, registry);
}

#[test]
fn one_thing_is_asked_for_at_a_time() {
    let place = Place::new();
    for wrong in [
        &["kernel32"][..],
        &["kernel32", "--run"],
        &["kernel32", "--install", "a", "--uninstall", "a"],
        &["kernel32", "--install", "a", "--", "true"],
        &["kernel32", "--uninstall", "a", "--library", "b"],
    ] {
        let outcome = place.run(wrong);

        assert_eq!(outcome.code, Some(2), "{wrong:?}");
        assert!(outcome.stderr.contains("Usage: filemap kernel32"), "{}", outcome.stderr);
    }
    assert_eq!(place.files(), NOTHING);
}
