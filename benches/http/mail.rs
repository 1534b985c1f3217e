//! Mail on one kept connection: our sender beside bare lettre on a stream with
//! `TCP_NODELAY`, both building each message and talking to the same server.
//! lettre's own transport, which leaves Nagle's algorithm on, is a third
//! figure: it is why the sender brings a stream of its own.

use std::net::SocketAddr;
use std::time::Instant;

use chrono::Utc;
use corridor::mail::message::{Email, Mailbox, MessageId};
use corridor::mail::{Mailer, Security, Smtp, SmtpSettings};
use lettre::message::MultiPart;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, size, slice};

const TEXT: &str = "Tamar Flow asks to be introduced to Khazar Capital.\n\nTwo pilots cut \
    losses by a third; a partner in the region is sought.\n";
const HTML: &str = "<p>Tamar Flow asks to be introduced to Khazar Capital.</p>\n<p>Two pilots \
    cut losses by a third; a partner in the region is sought.</p>\n";

/// Measures both, and lettre as it comes.
pub async fn measure(report: &mut Report) {
    let server = serve();
    let mut settings = SmtpSettings::new("127.0.0.1", server.port(), Security::None);
    settings.connections = 1;
    let mailer = Mailer::Smtp(Smtp::new(settings).expect("settings"));
    let mut bare = connect(server).await;
    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    for _ in 0..rounds() {
        ours.add(
            repeat(async || {
                mailer.send(&email()).await.expect("sent");
            })
            .await,
        );
        theirs.add(repeat(async || send(&mut bare).await).await);
    }
    report.line(Line::beside("mail", "message", ours, theirs).wants(0.50, 0.80));

    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(server.port())
        .build();
    let begun = Instant::now();
    let count = size("BENCH_SLOW_MAILS", 20);
    for _ in 0..count {
        transport.send(message()).await.expect("sent");
    }
    let sample = Sample::of(count.into(), begun.elapsed());
    report.figure(
        "lettre's transport as it comes",
        sample.rate(),
        "messages/s",
        None,
    );
}

async fn repeat(mut work: impl AsyncFnMut()) -> Sample {
    let mut sample = Sample::default();
    let begun = Instant::now();
    while begun.elapsed() < slice() {
        let one = Instant::now();
        work().await;
        sample.latencies.push(one.elapsed());
        sample.count += 1;
    }
    sample.elapsed = begun.elapsed();
    sample
}

fn email() -> Email {
    let mailbox = |name, address| Mailbox::new(Some(name), address).expect("a mailbox");
    Email {
        message_id: MessageId::new("0197-1", "corridor.example").expect("an id"),
        date: Utc::now(),
        from: mailbox("Corridor", "intro@corridor.example"),
        to: vec![mailbox("Aysel", "aysel@example.az")],
        cc: vec![],
        only_to: None,
        reply_to: vec![],
        subject: "An introduction".to_owned(),
        text: TEXT.to_owned(),
        html: HTML.to_owned(),
        in_reply_to: None,
        references: vec![],
        return_path: None,
        invitation: None,
        unsubscribe: None,
    }
}

fn message() -> Message {
    Message::builder()
        .from(
            "Corridor <intro@corridor.example>"
                .parse()
                .expect("a mailbox"),
        )
        .to("Aysel <aysel@example.az>".parse().expect("a mailbox"))
        .subject("An introduction")
        .multipart(MultiPart::alternative_plain_html(
            TEXT.to_owned(),
            HTML.to_owned(),
        ))
        .expect("a message")
}

async fn connect(server: SocketAddr) -> AsyncSmtpConnection {
    let stream = TcpStream::connect(server).await.expect("connects");
    stream.set_nodelay(true).expect("an option");
    AsyncSmtpConnection::connect_with_transport(Box::new(stream), &ClientId::default())
        .await
        .expect("greeted")
}

async fn send(connection: &mut AsyncSmtpConnection) {
    let message = message();
    connection
        .send(message.envelope(), &message.formatted())
        .await
        .expect("sent");
}

/// A mail server on a thread of its own that takes everything.
fn serve() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("an option");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream));
            }
        });
    });
    address
}

/// RFC 5321 as far as a client that makes no mistakes needs it.
async fn converse(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 bench ESMTP\r\n").await?;
    let mut line = Vec::new();
    let mut in_content = false;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let reply: &[u8] = match line.as_slice() {
            b".\r\n" if in_content => {
                in_content = false;
                b"250 taken\r\n"
            }
            _ if in_content => continue,
            b"DATA\r\n" => {
                in_content = true;
                b"354 go on\r\n"
            }
            b"QUIT\r\n" => b"221 bye\r\n",
            line if line.starts_with(b"EHLO") => b"250-bench\r\n250 8BITMIME\r\n",
            _ => b"250 well\r\n",
        };
        stream.write_all(reply).await?;
    }
}
