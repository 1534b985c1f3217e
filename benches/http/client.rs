//! A load generator that costs little beside what it measures: requests are
//! bytes made beforehand, of an answer only status and length are read.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An HTTP/1.1 connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as far as it was looked at.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address).await.expect("connects")
    }

    /// Connects, if anybody listens.
    pub async fn try_open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Sends a request and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Answer<'_> {
        self.stream.write_all(request).await.expect("sent");
        self.buffer.clear();
        let (head, length) = loop {
            let read = self.stream.read_buf(&mut self.buffer).await;
            assert_ne!(read.expect("an answer"), 0, "the server hung up");
            if let Some(found) = head(&self.buffer) {
                break found;
            }
        };
        while self.buffer.len() < head + length {
            let read = self.stream.read_buf(&mut self.buffer).await;
            assert_ne!(read.expect("an answer"), 0, "the server hung up");
        }
        let status = self.buffer.get(9..12).map(String::from_utf8_lossy);
        Answer {
            status: status.and_then(|it| it.parse().ok()).expect("a status"),
            body: self.buffer.get(head..head + length).expect("it was read"),
        }
    }
}

/// Where the head ends and how long the body is, once the head is whole.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(bytes.get(..end)?).expect("a head in ASCII");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().expect("a length"))
    });
    Some((end, length.expect("an answer with its length")))
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, token: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let authorization = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: bench\r\n{authorization}{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// What one connection sends, over and over, and what it must hear.
#[derive(Clone)]
pub struct Script {
    /// The requests, in turn.
    pub requests: Vec<Vec<u8>>,
    /// The status of every answer.
    pub status: u16,
    /// Where in `requests` it stands; kept from turn to turn.
    pub at: usize,
}

impl Script {
    /// One connection's requests.
    pub fn new(requests: Vec<Vec<u8>>, status: u16) -> Self {
        Self {
            requests,
            status,
            at: 0,
        }
    }

    /// Sends for so long, with a pause between if there is one, and answers
    /// what each request took.
    pub async fn play(
        &mut self,
        address: SocketAddr,
        time: Duration,
        pause: Option<Duration>,
    ) -> Vec<Duration> {
        let mut connection = Connection::open(address).await;
        let mut latencies = Vec::with_capacity(16_384);
        let end = Instant::now() + time;
        loop {
            let begun = Instant::now();
            if begun >= end {
                return latencies;
            }
            let count = self.requests.len();
            let request = self.requests.get(self.at % count).expect("in range");
            self.at += 1;
            let answer = connection.exchange(request).await;
            assert_eq!(
                answer.status,
                self.status,
                "{}\n{}",
                String::from_utf8_lossy(request),
                String::from_utf8_lossy(answer.body)
            );
            latencies.push(begun.elapsed());
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }
}
