//! Looks through mails and pages for what their reader may not know yet. Bodies
//! are read as mail programs read them: quoted-printable and base64 undone, a
//! name broken over two lines put together again.

use std::collections::BTreeSet;

use mail_parser::MessageParser;

use crate::support::smtp::Received;

/// What belongs to a pair bears its number: `Yael 0007`, `oasis-0007.example`.
/// Each kind of thing with the words that its number follows.
const MARKS: [(&str, Kind); 9] = [
    ("Oasis ", Kind::StartupName),
    ("oasis-", Kind::StartupOwn),
    ("Yael ", Kind::StartupOwn),
    ("yael.", Kind::StartupOwn),
    ("+97250900", Kind::StartupOwn),
    ("Sahil ", Kind::InvestorName),
    ("sahil-", Kind::InvestorOwn),
    ("Leyla ", Kind::InvestorOwn),
    ("leyla.", Kind::InvestorOwn),
];

/// Whose something is, and whether it is more than the firm's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The startup's name.
    StartupName,
    /// Its person's name or address, its phone, site, deck.
    StartupOwn,
    /// The investor's name.
    InvestorName,
    /// Its person's name or address, its site, what it calls its mandate.
    InvestorOwn,
}

/// Everything in a mail that somebody could read, in whatever part and
/// encoding.
pub fn words(mail: &Received) -> String {
    let parsed = MessageParser::new().parse(&mail.content).unwrap();
    let mut all = String::from_utf8_lossy(&mail.content).into_owned();
    all.push_str(parsed.subject().unwrap_or_default());
    for part in &parsed.parts {
        all.push('\n');
        all.push_str(&String::from_utf8_lossy(part.contents()));
    }
    all
}

/// What of which pair is named in a text.
pub fn named(text: &str) -> BTreeSet<(Kind, usize)> {
    let mut found = BTreeSet::new();
    for (mark, kind) in MARKS {
        for (place, _) in text.match_indices(mark) {
            let digits: String = text[place + mark.len()..].chars().take(4).collect();
            if digits.len() == 4
                && let Ok(number) = digits.parse()
            {
                found.insert((kind, number));
            }
        }
    }
    found
}

/// What of a text its reader may not know: anything of another pair, and of the
/// other side all but what it has granted.
pub fn leaks(text: &str, pair: usize, reads_startup: bool, granted: &[Kind]) -> Vec<(Kind, usize)> {
    let own = if reads_startup {
        [Kind::StartupName, Kind::StartupOwn]
    } else {
        [Kind::InvestorName, Kind::InvestorOwn]
    };
    named(text)
        .into_iter()
        .filter(|(kind, number)| *number != pair || !(own.contains(kind) || granted.contains(kind)))
        .collect()
}

#[test]
fn what_is_hidden_in_an_encoding_is_found() {
    let mail = |encoding: &str, body: &str| Received {
        from: String::new(),
        to: vec![],
        content: format!(
            "Subject: =?utf-8?b?WWFlbCAwMDAz?=\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
        )
        .into_bytes(),
        encrypted: false,
        signed_in: None,
    };
    // "Sahil 0007" and "leyla.0007@mail.example", broken or coded.
    for (encoding, body) in [
        (
            "quoted-printable",
            "of Sahil=\r\n 0007, le=\r\nyla.0007@mail.example",
        ),
        ("base64", "U2FoaWwgMDAwNywgbGV5bGEuMDAwN0BtYWlsLmV4YW1wbGU="),
    ] {
        let said = words(&mail(encoding, body));
        let found: Vec<_> = named(&said).into_iter().collect();
        assert_eq!(
            found,
            [
                (Kind::StartupOwn, 3),
                (Kind::InvestorName, 7),
                (Kind::InvestorOwn, 7)
            ],
            "{encoding}"
        );
        assert_eq!(leaks(&said, 7, false, &[]), [(Kind::StartupOwn, 3)]);
        assert_eq!(leaks(&said, 7, true, &[Kind::InvestorName]).len(), 2);
    }
}
