//! The real binary as a child process: arguments in, output and exit code out,
//! or a server that is killed however the test ends.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything here takes; whoever waits longer waits in vain.
const PATIENCE: Duration = Duration::from_mins(10);

/// The program with a data directory, and nothing of the tests' environment
/// that could change its settings.
pub fn corridor(data: &Path) -> Command {
    let mut command = bare();
    command.arg("--data").arg(data);
    command
}

/// The program without a data directory.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corridor"));
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CORRIDOR") || name_text == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    // Tests sign the operator's people in by their password alone.
    command.env("CORRIDOR__AUTH__OPERATOR_TOTP", "off");
    // They run on any day, at any hour.
    command.env("CORRIDOR__MAIL__QUIET_HOURS", "off");
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// The output of a command that was to succeed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// The error text of a command that was to fail with that exit code,
    /// without a panic's traces.
    pub fn fails_with(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.err
    }
}

/// Runs a command to its end with that standard input.
pub fn run_with(command: &mut Command, input: &str) -> Ended {
    let mut running = Running::start(command);
    let mut stdin = running.stdin.take().expect("piped");
    // A command that fails before it reads closes the pipe.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    running.wait()
}

/// Runs a command to its end.
pub fn run(command: &mut Command, arguments: &[impl AsRef<OsStr>]) -> Ended {
    run_with(command.args(arguments), "")
}

/// A running program; killed when dropped.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts it; its output is collected meanwhile.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let (sender, lines) = channel();
        let (out, err) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(child.stdout.take().expect("piped"), &out, move |line| {
                // Nobody may be waiting for lines any more.
                drop(sender.send(line.to_owned()));
            }),
            collect(child.stderr.take().expect("piped"), &err, |_| {}),
        ];
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
            out,
            err,
            readers,
        }
    }

    /// The rest of the first line of standard output that has `marker`.
    pub fn line_after(&self, marker: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some((_, rest)) = line.split_once(marker) {
                        return rest.trim().to_owned();
                    }
                }
                Err(end) => panic!("no {marker:?} came ({end}): {}", self.so_far()),
            }
        }
    }

    /// Waits until it says where it listens.
    pub fn address(&self) -> SocketAddr {
        let address = self.line_after("listens on http://");
        address.parse().expect("an address")
    }

    /// Everything it has said so far.
    pub fn so_far(&self) -> String {
        format!("{}{}", text(&self.out), text(&self.err))
    }

    /// Kills it as `kill -9` does: nothing in it runs any more.
    pub fn kill(mut self) {
        self.child.kill().expect("can be killed");
        self.child.wait().expect("can be waited for");
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as an operator or a container runtime does.
    #[cfg(unix)]
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("can be waited for") {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "it did not end: {}",
                self.so_far()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().expect("no panic");
        }
        Ended {
            code: status.code(),
            out: text(&self.out),
            err: text(&self.err),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn text(of: &Mutex<String>) -> String {
    of.lock().expect("no panic").clone()
}

fn collect(
    stream: impl Read + Send + 'static,
    into: &Arc<Mutex<String>>,
    mut each: impl FnMut(&str) + Send + 'static,
) -> JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            into.lock().expect("no panic").extend([
                &*line, "
",
            ]);
            each(&line);
        }
    })
}
