//! Second processes, places of their own, and waits that end.

use std::env;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Error, ErrorKind, FileMapping, Registry};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The environment variable by which a re-executed test knows that it is the second process, and
/// what to do.
const ROLE: &str = "FILEMAP_TEST_ROLE";

/// Names the program, and its arguments, that runs this binary because the machine cannot.
const RUNNER: &str = "FILEMAP_TEST_RUNNER";

/// Returns true if an emulator of user programs, such as `qemu-aarch64`, runs this binary.
///
/// It translates instructions and hands system calls on. What the kernel keeps per process is
/// then the emulator's, and what the kernel does to a process it does to the emulator: a test
/// that asserts either has another process before it, and says at its place what differs.
pub(crate) fn emulated() -> bool {
    env::var_os(RUNNER).is_some()
}

/// Returns true if Wine, and not Windows, is what this runs on.
#[cfg(windows)]
#[expect(unsafe_code, reason = "Wine is known by a function that Windows does not have")]
pub(crate) fn wine() -> bool {
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
    // SAFETY: the name ends with a NUL.
    let library = unsafe { GetModuleHandleW(windows_sys::core::w!("ntdll.dll")) };
    // SAFETY: the library stays loaded, and the name ends with a NUL.
    unsafe { GetProcAddress(library, c"wine_get_version".as_ptr().cast()) }.is_some()
}

/// Returns true if Wine, and not Windows, is what this runs on.
#[cfg(not(windows))]
pub(crate) fn wine() -> bool {
    false
}

/// Bytes of the disk that a file takes.
#[cfg(target_os = "linux")]
pub(crate) fn space(file: &File) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    // `stat` counts in units of 512 bytes, whatever the file system does.
    Ok(file.metadata()?.blocks() * 512)
}

/// Bytes of the disk that a file takes.
#[cfg(windows)]
#[expect(unsafe_code, reason = "the standard library does not ask for it")]
pub(crate) fn space(file: &File) -> std::io::Result<u64> {
    use std::os::windows::io::AsRawHandle as _;
    use windows_sys::Win32::Storage::FileSystem::{
        FILE_STANDARD_INFO, FileStandardInfo, GetFileInformationByHandleEx,
    };
    let mut state = FILE_STANDARD_INFO::default();
    let len = u32::try_from(size_of::<FILE_STANDARD_INFO>()).expect("a small number");
    let place = (&raw mut state).cast();
    // SAFETY: the file is open, and the place has the length that is told.
    let told =
        unsafe { GetFileInformationByHandleEx(file.as_raw_handle(), FileStandardInfo, place, len) };
    if told == 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(state.AllocationSize.cast_unsigned())
}

#[cfg(unix)]
pub(crate) use std::os::unix::fs::FileExt;

/// What files can do at an offset, under the names that other systems have for it.
#[cfg(windows)]
pub(crate) trait FileExt {
    fn write_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<usize>;
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<()>;
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()>;
}

#[cfg(windows)]
impl FileExt for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(self, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
        let written = self.write_at(bytes, offset)?;
        if written == bytes.len() { Ok(()) } else { Err(std::io::ErrorKind::WriteZero.into()) }
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        let read = std::os::windows::fs::FileExt::seek_read(self, buf, offset)?;
        if read == buf.len() { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// A registry that no other test sees, gone with the test.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) registry: Registry,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let registry = Registry::at(dir.path());
        Self { dir, registry }
    }

    /// A path in the place, for a file of the test's.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// A new file in the place with this content, open for reading and writing.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> File {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file can be written");
        File::options().read(true).write(true).open(path).expect("a file can be opened")
    }

    /// The names of all entries of the registry that are on disk, live or dead.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for root in std::fs::read_dir(self.dir.path()).expect("the place can be read").flatten() {
            if !root.file_name().to_string_lossy().starts_with("filemap-") {
                continue;
            }
            for entry in std::fs::read_dir(root.path()).expect("a root can be read").flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if !name.starts_with(".swept") {
                    found.push(name);
                }
            }
        }
        found
    }

    /// Starts this test binary again, to run the test `test` as a second process in `role`.
    ///
    /// The second process finds this place's registry with [`Registry::system`], and so with
    /// `FileMapping::open`.
    pub(crate) fn child(&self, test: &str, role: &str) -> Second {
        Second::start(self.command(test, role))
    }

    /// The command that [`child`](Self::child) starts, to be changed first.
    pub(crate) fn command(&self, test: &str, role: &str) -> Command {
        let program = env::current_exe().expect("the test binary has a path");
        self.command_of(&program, test, role)
    }

    /// The same with `program`, which is a copy of this test binary.
    pub(crate) fn command_of(&self, program: &Path, test: &str, role: &str) -> Command {
        let mut command = match env::var(RUNNER) {
            Err(_) => Command::new(program),
            Ok(runner) => {
                let mut words = runner.split_whitespace();
                let mut command = Command::new(words.next().expect("the runner has a name"));
                command.args(words).arg(program);
                command
            }
        };
        command
            .args(["--exact", test, "--nocapture", "--test-threads", "1"])
            .env(ROLE, role)
            .env("FILEMAP_DIR", self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }
}

/// What this process is to do, if it was started by [`Place::child`].
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// Returns how many rounds a test of what happens by chance makes: `long` in a soak, of which
/// `FILEMAP_SOAK_CYCLES` is the sign, and a tenth of that else.
pub(crate) fn rounds(long: u32) -> u32 {
    if env::var_os("FILEMAP_SOAK_CYCLES").is_some() { long } else { long / 10 }
}

/// In a second process: tells the first one something, on a line of its own.
pub(crate) fn say(line: &str) {
    // The test harness has printed the beginning of a line already.
    println!("\n{MARK}{line}");
    std::io::stdout().flush().expect("the first process reads");
}

/// In a second process: waits for a line from the first one; empty if that one is gone.
pub(crate) fn hear() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("standard input can be read");
    line.trim_end().to_owned()
}

/// What begins the lines that [`say`] says, among those of the test harness.
const MARK: &str = "second: ";

/// A second process, killed if the test ends before it does.
pub(crate) struct Second {
    pub(crate) process: Child,
    to: Option<ChildStdin>,
    from: mpsc::Receiver<String>,
}

impl Second {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command.spawn().expect("the test binary can be started");
        let to = process.stdin.take();
        let out = process.stdout.take().expect("the output is piped");
        let from = reader(out);
        Self { process, to, from }
    }

    /// Sends a line.
    pub(crate) fn tell(&mut self, line: &str) {
        let to = self.to.as_mut().expect("its input is open");
        writeln!(to, "{line}").expect("the second process reads");
    }

    /// Waits for the next line that it says.
    pub(crate) fn next(&mut self) -> String {
        self.from.recv_timeout(DEADLINE).expect("the second process says something in time")
    }

    /// What it says next, if it does so before `patience` is over and before it ends.
    pub(crate) fn said_within(&mut self, patience: Duration) -> Option<String> {
        self.from.recv_timeout(patience).ok()
    }

    /// Waits until it says `line`.
    pub(crate) fn until(&mut self, line: &str) {
        let said = self.next();
        assert_eq!(said, line);
    }

    /// Kills it as nothing can prevent, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a child can be waited for");
    }

    /// Closes its input and waits for a good end.
    pub(crate) fn finish(mut self) {
        drop(self.to.take());
        let since = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("a child can be waited for") {
                assert!(status.success(), "the second process failed: {status}");
                return;
            }
            assert!(since.elapsed() < DEADLINE, "the second process does not end");
            thread::yield_now();
        }
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        // After a good end both do nothing.
        let _ignored = self.process.kill();
        let _ignored = self.process.wait();
    }
}

/// Passes the marked lines on; everything else goes to this process's own output.
fn reader(out: ChildStdout) -> mpsc::Receiver<String> {
    let (to, from) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            match line.strip_prefix(MARK) {
                Some(said) if to.send(said.to_owned()).is_err() => return,
                Some(_) => {}
                None => println!("    | {line}"),
            }
        }
    });
    from
}

/// Tries until `done` holds; panics with `what` after the deadline.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::yield_now();
    }
}

/// All bytes of a file by ordinary input.
pub(crate) fn read_all(file: &File) -> Vec<u8> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = file;
    file.seek(SeekFrom::Start(0)).expect("a file can be rewound");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("a file can be read");
    bytes
}

/// What a test returns that also asks the system itself.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Takes all privileges from the calling thread of a second process.
///
/// A superuser's process then meets permissions and limits as everybody does.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "capset(2) is in no safe interface")]
pub(crate) fn without_privileges() -> std::io::Result<()> {
    // `_LINUX_CAPABILITY_VERSION_3`, and 0 for the calling thread.
    let header: [u32; 2] = [0x2008_0522, 0];
    let nothing = [0_u32; 6];
    // SAFETY: the call reads 8 bytes of `header` and 24 of `nothing`, which both have.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), nothing.as_ptr()) };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Memory of a page under a name.
pub(crate) fn named(registry: &Registry, name: &str) -> Result<FileMapping, Error> {
    FileMapping::options().registry(registry).name(name).size(4096).create()
}

/// Returns true if nobody has the name.
pub(crate) fn is_free(registry: &Registry, name: &str) -> bool {
    registry.open(name).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The kind of a refusal.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.expect_err("it is refused").kind()
}

/// Runs `act` in a process of its own, on a registry of its own, and sees that nothing is left
/// in that.
///
/// A process that is between `fork` and `exec` has everything that was open in its parent.
/// Tests that assert what holds *at once* after a close can have no neighbours that start some.
pub(crate) fn alone(
    test: &str,
    act: impl FnOnce(&Registry) -> Result<(), Error>,
) -> Result<(), Error> {
    if role().is_some() {
        return act(&Registry::system());
    }
    let place = Place::new();
    place.child(test, "alone").finish();

    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

/// Takes the lock of an entry that a handle has, without being one.
#[cfg(target_os = "linux")]
pub(crate) fn hold(entry: &File) {
    lock(entry, libc::F_RDLCK).expect("the lock is to be had");
}

/// Takes the lock of an entry that somebody has who is about to remove it.
#[cfg(target_os = "linux")]
pub(crate) fn claim(entry: &File) {
    try_claim(entry).expect("the lock is to be had");
}

/// The same, if it may.
#[cfg(target_os = "linux")]
pub(crate) fn try_claim(entry: &File) -> std::io::Result<()> {
    lock(entry, libc::F_WRLCK)
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "locks of descriptions are in no safe interface")]
fn lock(entry: &File, kind: libc::c_int) -> std::io::Result<()> {
    let short = |number: libc::c_int| libc::c_short::try_from(number).expect("a small number");
    let (l_type, l_whence) = (short(kind), short(libc::SEEK_SET));
    let place = libc::off_t::MAX - 1;
    let lock = libc::flock { l_type, l_whence, l_start: place, l_len: 1, l_pid: 0 };
    // SAFETY: the file is open, and the structure is the one that the command reads.
    let locked = unsafe { libc::fcntl(entry.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
    if locked == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
