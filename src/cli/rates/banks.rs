//! The XML of both banks, an element at a time.
//!
//! ECB: `<Cube time="2026-11-27"><Cube currency="USD" rate="1.0823"/>…`.
//! CBAR: `<ValCurs Date="27.11.2026"><ValType><Valute Code="JPY">
//! <Nominal>100</Nominal><Name>…</Name><Value>1.1205</Value></Valute>…`.
//!
//! No entity but the five of XML itself means anything, and a document that
//! declares its own is not read on: nothing expands.

use std::io::BufRead;

use chrono::NaiveDate;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Said, quotation};
use crate::domain::rates::Source;

/// Bytes of one text at most.
const MOST_TEXT: usize = 200;

/// The quotations of a document.
pub(super) struct Xml<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    day: Option<NaiveDate>,
    /// Which bank's document it is, once an element told.
    bank: Option<Source>,
    valute: Option<Valute>,
    ended: bool,
}

/// Money of the Azerbaijani list, as far as it was read.
#[derive(Default)]
struct Valute {
    code: String,
    nominal: String,
    value: String,
    within: Option<Field>,
}

#[derive(Clone, Copy)]
enum Field {
    Nominal,
    Value,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: Reader::from_reader(reader),
            buffer: Vec::new(),
            day: None,
            bank: None,
            valute: None,
            ended: false,
        }
    }

    fn place(&self) -> String {
        format!("byte {}", self.reader.buffer_position())
    }

    /// What the rest can't be read for.
    fn end(&mut self, what: impl std::fmt::Display) -> Said {
        self.ended = true;
        Said::Bad(format!("{}: {what}; the rest is not read", self.place()))
    }

    fn opened(&mut self, element: &BytesStart<'_>) -> Option<Said> {
        match element.local_name().as_ref() {
            "Cube" => self.cube(element),
            "ValCurs" => {
                self.bank = Some(Source::Cbar);
                let text = attribute(element, "Date").unwrap_or_default();
                self.day = NaiveDate::parse_from_str(&text, "%d.%m.%Y").ok();
                self.unless_a_day(&text)
            }
            "Valute" => {
                self.valute = Some(Valute {
                    code: attribute(element, "Code").unwrap_or_default(),
                    ..Valute::default()
                });
                None
            }
            "Nominal" => self.inside(Some(Field::Nominal)),
            "Value" => self.inside(Some(Field::Value)),
            _ => None,
        }
    }

    fn inside(&mut self, field: Option<Field>) -> Option<Said> {
        if let Some(valute) = &mut self.valute {
            valute.within = field;
        }
        None
    }

    fn unless_a_day(&self, text: &str) -> Option<Said> {
        let said = || Said::Bad(format!("{}: \"{text}\" is no day", self.place()));
        self.day.is_none().then(said)
    }

    fn cube(&mut self, element: &BytesStart<'_>) -> Option<Said> {
        self.bank = Some(Source::Ecb);
        if let Some(text) = attribute(element, "time") {
            self.day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
            return self.unless_a_day(&text);
        }
        let currency = attribute(element, "currency")?;
        let rate = attribute(element, "rate").unwrap_or_default();
        let day = self.day?;
        let pair = ("EUR", currency.as_str());
        Some(quotation(&self.place(), Source::Ecb, pair, day, "1", &rate))
    }

    fn text(&mut self, text: &str) {
        let Some(valute) = &mut self.valute else {
            return;
        };
        let field = match valute.within {
            Some(Field::Nominal) => &mut valute.nominal,
            Some(Field::Value) => &mut valute.value,
            None => return,
        };
        if field.len() + text.len() <= MOST_TEXT {
            field.push_str(text);
        }
    }

    fn closed(&mut self, name: &str) -> Option<Said> {
        if name != "Valute" {
            return self.inside(None);
        }
        let Valute {
            code,
            nominal,
            value,
            within: _,
        } = self.valute.take()?;
        let day = self.day?;
        // Metals come by the ounce: "1 t.u.".
        let (nominal, value) = (nominal.trim(), value.trim());
        let pair = (code.as_str(), "AZN");
        Some(quotation(
            &self.place(),
            Source::Cbar,
            pair,
            day,
            nominal,
            value,
        ))
    }

    fn step(&mut self) -> Option<Said> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let event = self.reader.read_event_into(&mut buffer);
        let said = match event {
            Err(error) => Some(self.end(error)),
            Ok(Event::DocType(_)) => Some(self.end("declares a document type of its own")),
            Ok(Event::Decl(declared)) if !is_utf8(&declared) => {
                Some(self.end("is in another encoding than UTF-8"))
            }
            Ok(Event::Start(element)) => self.opened(&element),
            Ok(Event::Empty(element)) => {
                let said = self.opened(&element);
                let closed = self.closed(element.local_name().as_ref());
                said.or(closed)
            }
            Ok(Event::Text(text)) => {
                self.text(&text);
                None
            }
            Ok(Event::GeneralRef(entity)) => {
                is_unknown(&entity).then(|| self.end("names an entity that XML doesn't know"))
            }
            Ok(Event::End(element)) => self.closed(element.local_name().as_ref()),
            Ok(Event::Eof) => {
                self.ended = true;
                let nothing =
                    "has no rates of the European Central Bank or the Central Bank of Azerbaijan";
                self.bank.is_none().then(|| Said::Bad(nothing.to_owned()))
            }
            Ok(_) => None,
        };
        self.buffer = buffer;
        said
    }
}

impl<R: BufRead> Iterator for Xml<R> {
    type Item = Said;

    fn next(&mut self) -> Option<Said> {
        while !self.ended {
            if let Some(said) = self.step() {
                return Some(said);
            }
        }
        None
    }
}

fn is_utf8(declared: &quick_xml::events::BytesDecl<'_>) -> bool {
    match declared.encoding() {
        None => true,
        Some(name) => name.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8")),
    }
}

fn is_unknown(entity: &BytesRef<'_>) -> bool {
    let known = ["amp", "lt", "gt", "quot", "apos"];
    let name: &str = entity;
    !entity.is_char_ref() && !known.contains(&name)
}

/// An attribute as it is written; what the banks write needs no unescaping.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok()??;
    Some(found.value.chars().take(MOST_TEXT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let said = Xml::new(text.as_bytes()).map(|said| match said {
            Said::Quoted(it) => format!(
                "{} {} {} = {} {}",
                it.on, it.nominal, it.base, it.value, it.quote
            ),
            Said::LeftOut(code) => format!("left out {code}"),
            Said::Bad(what) => what,
        });
        said.collect()
    }

    #[test]
    fn both_banks_are_read() {
        let ecb = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><Cube>
<Cube time='2026-11-27'><Cube currency='USD' rate='1.0823'/><Cube currency='JPY' rate='164.21'/></Cube>
<Cube time="2026-11-26"><Cube currency="CYP" rate="0.58"/><Cube currency="ILS" rate="x"/></Cube>
</Cube></gesmes:Envelope>"#;
        assert_eq!(
            read(ecb),
            [
                "2026-11-27 1 EUR = 1.0823 USD",
                "2026-11-27 1 EUR = 164.21 JPY",
                "left out CYP",
                "byte 416: 2026-11-26 ILS: \"x\" must be a decimal number above zero of at most 10 significant digits, such as 1.0823",
            ]
        );
        let cbar = r#"<?xml version="1.0" encoding="UTF-8"?>
<ValCurs Date="27.11.2026" Name="AZN məzənnələri" Description="x">
<ValType Type="Bank metalları"><Valute Code="XAU"><Nominal>1 t.u.</Nominal><Name>Qızıl</Name><Value>4512.65</Value></Valute></ValType>
<ValType Type="Xarici valyutalar">
<Valute Code="USD"><Nominal>1</Nominal><Name>1 ABŞ dolları</Name><Value>1.7000</Value></Valute>
<Valute Code="JPY"><Nominal>100</Nominal><Name>100 Yaponiya yeni</Name><Value>1.1205</Value></Valute>
<Valute Code="USX"><Nominal>1</Nominal><Name>?</Name><Value>1</Value></Valute>
</ValType></ValCurs>"#;
        let said = read(cbar);
        assert_eq!(
            said[..3],
            [
                "left out XAU",
                "2026-11-27 1 USD = 1.7 AZN",
                "2026-11-27 100 JPY = 1.1205 AZN",
            ]
        );
        assert!(
            said[3].ends_with("2026-11-27 USX: is no ISO 4217 code in use"),
            "{}",
            said[3]
        );
    }

    #[test]
    fn nothing_expands_and_what_is_broken_is_named() {
        let bomb = r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<ValCurs Date="27.11.2026"><Valute Code="USD"><Nominal>1</Nominal><Value>&b;</Value></Valute></ValCurs>"#;
        let said = read(bomb);
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("declares a document type"), "{said:?}");
        let unknown = r#"<ValCurs Date="27.11.2026"><Valute Code="USD"><Value>&x;</Value></Valute></ValCurs>"#;
        assert!(read(unknown)[0].contains("an entity that XML doesn't know"));
        let broken = r#"<ValCurs Date="27.11.2026"><Valute Code="USD"></ValCurs>"#;
        assert!(read(broken)[0].contains("the rest is not read"));
        assert!(read("<html><p>Not found</p></html>")[0].contains("has no rates"));
        assert!(read(r#"<ValCurs Date="2026/11/27"></ValCurs>"#)[0].contains("is no day"));
        let other = "<?xml version=\"1.0\" encoding=\"windows-1254\"?><ValCurs/>";
        assert!(read(other)[0].contains("another encoding"));
    }
}
