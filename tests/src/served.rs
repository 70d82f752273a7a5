//! `afresh serve`, started by a test, and a client of it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::Done;

/// A running service. It is killed when it is dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Served {
    /// Starts a service with `command`, which lacks only the address and the format, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Returns how the service ended, if it did not get ready.
    pub fn start(mut command: Command) -> Result<Self, Box<Done>> {
        command.args(["--listen", "127.0.0.1:0", "--format", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a pipe can be read");
        let report: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(url) = report["serve"]["url"].as_str() else {
            return Err(Box::new(child.wait_with_output().expect("it ended").into()));
        };
        let address = url.trim_start_matches("http://").parse().expect("an address");
        // Nobody reads the log, so it must not fill the pipe.
        let mut stderr = child.stderr.take().expect("a pipe");
        std::thread::spawn(move || io::copy(&mut stderr, &mut io::sink()));
        Ok(Self { child, stdout, address })
    }

    /// The URL of the service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// Fails if the service does not listen.
    pub fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { reader: BufReader::new(stream.try_clone()?), stream })
    }

    /// Gets a path, and returns the JSON.
    pub fn get(&self, path: &str) -> Value {
        let (status, text) =
            self.connect().and_then(|mut connection| connection.call("GET", path, "")).expect("an answer");
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Posts to a path, and returns the status and the JSON.
    pub fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let called = self.connect().and_then(|mut connection| connection.call("POST", path, body));
        let (status, text) = called.expect("an answer");
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    /// Sends a signal to the process, by its name for `kill`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.expect("`kill` is there").success());
    }

    /// Limits the size in bytes of each file that the process writes, or lets it write again. At the limit, a write
    /// fails, as on a disk that is full. The process must ignore SIGXFSZ.
    pub fn limit_files(&self, most: Option<u64>) {
        let limit = Rlimit { current: most, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).expect("it is a child of this process");
    }

    /// Kills the process, and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is a child of this process");
        self.child.wait().expect("it ended");
    }

    /// Waits until the service ends by itself, and returns its exit code.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("it ended").code()
    }

    /// Stops the service with SIGTERM, and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        let code = self.child.wait().expect("it ended").code();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("a pipe can be read");
        assert_eq!(rest, "", "a service prints one line");
        code
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept for several requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// Sends a request, and returns the status and the body of the answer.
    ///
    /// # Errors
    ///
    /// Fails if the service is gone before its answer is complete.
    pub fn call(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        self.stream.write_all((head + body).as_bytes())?;
        let status = read_line(&mut self.reader)?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let body = read_rest(&mut self.reader)?;
        Ok((status, body))
    }
}

/// Reads a line of a head, without its end.
pub(crate) fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// Reads the rest of a head, and then the body.
pub(crate) fn read_rest(reader: &mut impl BufRead) -> io::Result<String> {
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let line = read_line(reader)?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        is_chunked |= line == "transfer-encoding: chunked";
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
    }
    let mut body = Vec::new();
    if is_chunked {
        loop {
            let size = usize::from_str_radix(&read_line(reader)?, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            let begin = body.len();
            body.resize(begin + size, 0);
            reader.read_exact(&mut body[begin..])?;
            read_line(reader)?;
            if size == 0 {
                break;
            }
        }
    } else {
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
    }
    String::from_utf8(body).map_err(|_| io::ErrorKind::InvalidData.into())
}
