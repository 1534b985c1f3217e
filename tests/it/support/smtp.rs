//! A mail server in the test's process: real sockets, the real protocol (RFC
//! 5321, 3207, 4954), and faults on demand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate authority that signed the server's certificate for
/// `localhost`; made for these tests, valid until 2126.
pub const AUTHORITY: &str = include_str!("tls/authority.pem");

/// What goes wrong, once, with the next message (or connection).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This answer instead of the greeting, then the connection is closed.
    Greeting(&'static str),
    /// This answer to `MAIL FROM`.
    Mail(&'static str),
    /// This answer to `RCPT TO`.
    Recipient(&'static str),
    /// This answer to `DATA`.
    Data(&'static str),
    /// This answer to the content.
    Content(&'static str),
    /// The connection is closed at `RCPT TO`.
    DropAtRecipient,
    /// The connection is closed in the middle of the content.
    DropInContent,
    /// The message is accepted, and the connection closed before the answer.
    DropBeforeAnswer,
    /// The connection is closed after this message has been accepted.
    DropAfterAnswer,
    /// Nothing is ever said.
    SilentGreeting,
    /// `RCPT TO` is never answered.
    SilentRecipient,
    /// The content is never answered.
    SilentContent,
    /// The message is accepted, which is never said.
    SilentAnswer,
    /// The message is accepted, which is said when [`SmtpServer::let_go`] lets
    /// it.
    LateAnswer,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    StartTls,
    Tls,
}

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub content: Vec<u8>,
    /// Whether it came over an encrypted connection.
    pub encrypted: bool,
    /// Who signed in before, as base64 of SASL PLAIN.
    pub signed_in: Option<String>,
}

impl Received {
    /// Whether it is the mail that connects two people, as all its readers see.
    pub fn connects(&self) -> bool {
        let mail = mail_parser::MessageParser::new().parse(&self.content);
        mail.is_some_and(|mail| mail.to().is_some_and(|to| to.iter().count() == 2))
    }
}

#[derive(Default)]
struct State {
    faults: Mutex<VecDeque<Fault>>,
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
    /// Messages that are being handed over, and the most there were at once.
    at_once: Mutex<(usize, usize)>,
    /// The next number of a run of chance; zero while all goes well.
    chance: Mutex<u64>,
    /// The numbers of messages whose acceptance was never heard of.
    unheard: Mutex<Vec<usize>>,
    /// Lets an answer that is late go.
    late: tokio::sync::Notify,
}

impl State {
    /// Takes the next fault if it is one of those.
    fn fault<T>(&self, wanted: impl Fn(Fault) -> Option<T>) -> Option<T> {
        let mut faults = self.faults.lock().unwrap();
        let found = wanted(*faults.front()?)?;
        faults.pop_front();
        Some(found)
    }

    /// With each message something may go wrong: one of twenty is put off, one
    /// of fifty refused, for some the line is cut in the content, for a few
    /// after it.
    fn tempt(&self) {
        let mut chance = self.chance.lock().unwrap();
        if *chance == 0 {
            return;
        }
        // xorshift64*
        *chance ^= *chance >> 12;
        *chance ^= *chance << 25;
        *chance ^= *chance >> 27;
        let roll = (chance.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % 1_000;
        let fault = match roll {
            _ if !self.faults.lock().unwrap().is_empty() => return,
            0..50 => Fault::Recipient("450 4.2.1 try later"),
            50..70 => Fault::Recipient("554 5.6.0 not taken"),
            70..100 => Fault::DropInContent,
            100..110 => Fault::DropBeforeAnswer,
            _ => return,
        };
        self.faults.lock().unwrap().push_back(fault);
    }

    fn fault_is(&self, fault: Fault) -> bool {
        self.fault(|next| (next == fault).then_some(())).is_some()
    }
}

/// The running server; it stops when dropped.
pub struct SmtpServer {
    pub address: SocketAddr,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::start_with(Protection::None).await
    }

    pub async fn start_with(protection: Protection) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let listening = tokio::spawn(listen(listener, Arc::clone(&state), protection));
        Self {
            address,
            state,
            listening,
        }
    }

    /// What goes wrong next; several are used up one after the other.
    pub fn fail(&self, fault: Fault) {
        self.state.faults.lock().unwrap().push_back(fault);
    }

    /// Lets one answer that is late go.
    pub fn let_go(&self) {
        self.state.late.notify_one();
    }

    /// From now on things go wrong by chance, always the same for one seed.
    pub fn fail_by_chance(&self, seed: u64) {
        *self.state.chance.lock().unwrap() = seed | 1;
    }

    /// What was accepted without the other side hearing of it.
    pub fn unheard(&self) -> Vec<Received> {
        let received = self.state.received.lock().unwrap();
        let unheard = self.state.unheard.lock().unwrap();
        unheard
            .iter()
            .map(|number| received[number - 1].clone())
            .collect()
    }

    /// Everything accepted so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// The most messages that were handed over at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.at_once.lock().unwrap().1
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, state: Arc<State>, protection: Protection) {
    let acceptor = acceptor();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        *state.connections.lock().unwrap() += 1;
        let (state, acceptor) = (Arc::clone(&state), acceptor.clone());
        // A peer that goes away is part of the tests, not a failure here.
        tokio::spawn(async move { drop(serve(stream, &state, protection, acceptor).await) });
    }
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    stream: TcpStream,
    state: &State,
    protection: Protection,
    acceptor: TlsAcceptor,
) -> std::io::Result<()> {
    if protection == Protection::Tls {
        let encrypted = acceptor.accept(stream).await?;
        return Dialog::new(encrypted, state, true, false)
            .run(true)
            .await
            .map(drop);
    }
    let offers_tls = protection == Protection::StartTls;
    let plain = Dialog::new(stream, state, false, offers_tls);
    if let Some(stream) = plain.run(true).await? {
        let encrypted = acceptor.accept(stream).await?;
        Dialog::new(encrypted, state, true, false)
            .run(false)
            .await?;
    }
    Ok(())
}

struct Dialog<'a, S> {
    stream: BufReader<S>,
    state: &'a State,
    encrypted: bool,
    offers_tls: bool,
    signed_in: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// What to do after a command.
enum Next {
    Go,
    Close,
    Encrypt,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Dialog<'a, S> {
    fn new(stream: S, state: &'a State, encrypted: bool, offers_tls: bool) -> Self {
        Self {
            stream: BufReader::new(stream),
            state,
            encrypted,
            offers_tls,
            signed_in: None,
            from: None,
            to: Vec::new(),
        }
    }

    /// Talks until the end, or until the stream is to be encrypted, when it is
    /// given back.
    async fn run(mut self, greet: bool) -> std::io::Result<Option<S>> {
        if greet && !self.greet().await? {
            return Ok(None);
        }
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            match self.answer(line.trim_end()).await? {
                Next::Go => {}
                Next::Close => return Ok(None),
                Next::Encrypt => return Ok(Some(self.stream.into_inner())),
            }
        }
    }

    async fn greet(&mut self) -> std::io::Result<bool> {
        if self.state.fault_is(Fault::SilentGreeting) {
            return self.wait_for_end().await.map(|()| false);
        }
        let refusal = self.state.fault(|fault| match fault {
            Fault::Greeting(answer) => Some(answer),
            _ => None,
        });
        self.say(refusal.unwrap_or("220 localhost ready")).await?;
        Ok(refusal.is_none())
    }

    async fn answer(&mut self, line: &str) -> std::io::Result<Next> {
        let command = line.to_ascii_uppercase();
        if command.starts_with("EHLO") {
            let tls = if self.offers_tls {
                "250-STARTTLS\r\n"
            } else {
                ""
            };
            let hello =
                format!("250-localhost\r\n{tls}250-AUTH PLAIN\r\n250-SMTPUTF8\r\n250 8BITMIME");
            self.say(&hello).await?;
        } else if command == "STARTTLS" && self.offers_tls {
            self.say("220 go ahead").await?;
            return Ok(Next::Encrypt);
        } else if command.starts_with("AUTH PLAIN") {
            let response = line.split(' ').nth(2).unwrap_or_default().to_owned();
            self.signed_in = Some(response);
            self.say("235 welcome").await?;
        } else if command.starts_with("MAIL FROM:") {
            // As Postfix does: one message at a time.
            if self.from.is_some() {
                self.say("503 nested MAIL command").await?;
                return Ok(Next::Go);
            }
            self.state.tempt();
            let refusal = self.state.fault(|fault| match fault {
                Fault::Mail(answer) => Some(answer),
                _ => None,
            });
            if refusal.is_none() {
                self.from = Some(line["MAIL FROM:".len()..].to_owned());
                let mut at_once = self.state.at_once.lock().unwrap();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            self.say(refusal.unwrap_or("250 ok")).await?;
        } else if command.starts_with("RCPT TO:") {
            return self.recipient(&line["RCPT TO:".len()..]).await;
        } else if command == "DATA" {
            return self.data().await;
        } else if command == "RSET" {
            self.from = None;
            self.to.clear();
            self.say("250 ok").await?;
        } else if command == "QUIT" {
            self.say("221 bye").await?;
            return Ok(Next::Close);
        } else {
            self.say("500 what?").await?;
        }
        Ok(Next::Go)
    }

    async fn recipient(&mut self, recipient: &str) -> std::io::Result<Next> {
        if self.state.fault_is(Fault::DropAtRecipient) {
            return Ok(Next::Close);
        }
        if self.state.fault_is(Fault::SilentRecipient) {
            return self.wait_for_end().await.map(|()| Next::Close);
        }
        let refusal = self.state.fault(|fault| match fault {
            Fault::Recipient(answer) => Some(answer),
            _ => None,
        });
        if refusal.is_none() {
            self.to.push(recipient.to_owned());
        }
        self.say(refusal.unwrap_or("250 ok")).await?;
        Ok(Next::Go)
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        let refusal = self.state.fault(|fault| match fault {
            Fault::Data(answer) => Some(answer),
            _ => None,
        });
        if let Some(refusal) = refusal {
            self.say(refusal).await?;
            return Ok(Next::Go);
        }
        self.say("354 go on").await?;
        if self.state.fault_is(Fault::DropInContent) {
            self.stream.fill_buf().await?;
            return Ok(Next::Close);
        }
        let content = read_content(&mut self.stream).await?;
        if self.state.fault_is(Fault::SilentContent) {
            return self.wait_for_end().await.map(|()| Next::Close);
        }
        let refusal = self.state.fault(|fault| match fault {
            Fault::Content(answer) => Some(answer),
            _ => None,
        });
        if let Some(refusal) = refusal {
            self.from = None;
            self.to.clear();
            self.say(refusal).await?;
            return Ok(Next::Go);
        }
        let number = self.accept(content);
        if self.state.fault_is(Fault::SilentAnswer) {
            return self.wait_for_end().await.map(|()| Next::Close);
        }
        if self.state.fault_is(Fault::LateAnswer) {
            self.state.late.notified().await;
        }
        if self.state.fault_is(Fault::DropBeforeAnswer) {
            self.state.unheard.lock().unwrap().push(number);
            return Ok(Next::Close);
        }
        let answer = self.say(&format!("250 accepted as {number}")).await;
        if answer.is_err() {
            self.state.unheard.lock().unwrap().push(number);
        }
        answer?;
        if self.state.fault_is(Fault::DropAfterAnswer) {
            return Ok(Next::Close);
        }
        Ok(Next::Go)
    }

    fn accept(&mut self, content: Vec<u8>) -> usize {
        self.state.at_once.lock().unwrap().0 -= 1;
        let mut received = self.state.received.lock().unwrap();
        received.push(Received {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            content,
            encrypted: self.encrypted,
            signed_in: self.signed_in.clone(),
        });
        received.len()
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<()> {
        let line = format!("{answer}\r\n");
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        self.stream.get_mut().flush().await
    }

    /// Says nothing until the peer has gone.
    async fn wait_for_end(&mut self) -> std::io::Result<()> {
        tokio::io::copy(&mut self.stream, &mut tokio::io::sink())
            .await
            .map(drop)
    }
}

/// Reads up to the line with a single dot, and removes the dots that were
/// added (RFC 5321 §4.5.2).
async fn read_content(stream: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(content);
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
