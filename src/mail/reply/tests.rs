//! Answers as calendars write them.

use chrono::{DateTime, Utc};
use mail_parser::MessageParser;

use super::*;
use crate::domain::meeting_answer::{MeetingAnswer, Proposal};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn read(letter: &str) -> Option<CalendarReply> {
    let letter = letter.replace('\n', "\r\n");
    of_message(&MessageParser::new().parse(letter.as_bytes()).unwrap())
}

/// Google: a letter with the calendar as an alternative and as a file.
const GOOGLE: &str = "From: Dana Levi <dana@tamar.example>
To: intro@corridor.example
Subject: Accepted: Tamar and Khazar @ Thu Dec 3, 2026
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=\"m\"

--m
Content-Type: multipart/alternative; boundary=\"a\"

--a
Content-Type: text/plain; charset=\"UTF-8\"

Dana Levi has accepted this invitation.

--a
Content-Type: text/calendar; charset=\"UTF-8\"; method=REPLY
Content-Transfer-Encoding: 7bit

BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20261203T080000Z
DTEND:20261203T083000Z
DTSTAMP:20261201T101112Z
ORGANIZER;CN=Water bridge:mailto:intro@corridor.example
UID:introduction-0192f7a0-5b1c-7c3e-9d2a-4f6e8b0a1c2d@corridor.example
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=\"Levi,
  Dana: CEO\";X-NUM-GUESTS=0:mailto:Dana@tamar.example
CREATED:20261201T100000Z
DESCRIPTION:
LAST-MODIFIED:20261201T101111Z
SEQUENCE:1
STATUS:CONFIRMED
SUMMARY:Tamar and Khazar
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR

--a--

--m
Content-Type: application/ics; name=\"invite.ics\"
Content-Disposition: attachment; filename=\"invite.ics\"
Content-Transfer-Encoding: base64

QkVHSU46VkNBTEVOREFSCkVORDpWQ0FMRU5EQVIK

--m--
";

/// Outlook: another time, in a zone by the name that Windows has for it.
const OUTLOOK: &str = "From: \"Gulnar Aliyeva\" <gulnar@khazar.example>
To: Water bridge <intro@corridor.example>
Subject: New Time Proposed: Tamar and Khazar
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=\"o\"

--o
Content-Type: text/plain; charset=\"utf-8\"

--o
Content-Type: text/calendar; charset=\"utf-8\"; method=COUNTER

BEGIN:VCALENDAR
METHOD:COUNTER
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Azerbaijan Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0400
TZOFFSETTO:+0400
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT=TENTATIVE;CN=Gulnar Aliyeva:MAILTO:gulnar@khazar.example
COMMENT;LANGUAGE=en-US:Could we meet later?\\n
UID:introduction-0192f7a0-5b1c-7c3e-9d2a-4f6e8b0a1c2d@corridor.example
SUMMARY;LANGUAGE=en-US:New Time Proposed: Tamar and Khazar
DTSTART;TZID=Azerbaijan Standard Time:20261204T150000
DTEND;TZID=Azerbaijan Standard Time:20261204T154500
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20261201T111213Z
TRANSP:OPAQUE
SEQUENCE:0
X-MICROSOFT-CDO-APPT-SEQUENCE:0
X-MS-OLK-ORIGINALSTART:20261203T080000Z
BEGIN:VALARM
DESCRIPTION:REMINDER
DTSTART:20200101T000000Z
END:VALARM
END:VEVENT
END:VCALENDAR

--o--
";

/// Apple: the calendar by itself, folded lines, an address as a parameter too.
const APPLE: &str = "From: Dana Levi <dana@tamar.example>
To: intro@corridor.example
Subject: Dana Levi declined
MIME-Version: 1.0
Content-Type: text/calendar; charset=utf-8; method=REPLY
Content-Transfer-Encoding: quoted-printable

BEGIN:VCALENDAR
CALSCALE:GREGORIAN
METHOD:REPLY
PRODID:-//Apple Inc.//macOS 15.1//EN
VERSION:2.0
BEGIN:VEVENT
ATTENDEE;CN=3D\"Dana Levi\";CUTYPE=3DINDIVIDUAL;EMAIL=3D\"dana@tamar.example\";PA=
RTSTAT=3DDECLINED;ROLE=3DREQ-PARTICIPANT:mailto:dana@tamar.example
DTSTAMP:20261201T121314Z
DTSTART;TZID=3DAsia/Jerusalem:20261203T100000
DURATION:PT30M
ORGANIZER;CN=3D\"Water bridge\":mailto:intro@corridor.example
SEQUENCE:2
UID:introduction-0192f7a0-5b1c-7c3e-9d2a-4f6e8b0a1c2d@corrid
 or.example
END:VEVENT
END:VCALENDAR
";

#[test]
fn each_calendars_answer_is_understood() {
    let yes = read(GOOGLE).unwrap();
    let uid = "introduction-0192f7a0-5b1c-7c3e-9d2a-4f6e8b0a1c2d@corridor.example";
    assert_eq!(yes.uid, uid);
    assert_eq!((yes.answer, yes.sequence), (MeetingAnswer::Accepted, 1));
    assert_eq!(yes.attendee.unwrap().key(), "dana@tamar.example");
    assert_eq!(yes.written_at, Some(at("2026-12-01T10:11:12Z")));
    assert_eq!(yes.proposes, None);

    let other = read(OUTLOOK).unwrap();
    assert_eq!(
        (other.answer, other.sequence),
        (MeetingAnswer::Countered, 0)
    );
    assert_eq!(other.attendee.unwrap().key(), "gulnar@khazar.example");
    let proposed = Proposal {
        starts_at: at("2026-12-04T11:00:00Z"),
        minutes: Some(45),
    };
    assert_eq!(other.proposes, Some(proposed));
    let maybe = OUTLOOK.replace("COUNTER", "REPLY");
    assert_eq!(read(&maybe).unwrap().answer, MeetingAnswer::Tentative);

    let no = read(APPLE).unwrap();
    assert_eq!((no.uid.as_str(), no.sequence), (uid, 2));
    assert_eq!(no.answer, MeetingAnswer::Declined);
    assert_eq!(no.proposes, None, "a reply proposes nothing");
    let other = APPLE.replace("REPLY", "COUNTER");
    let proposed = read(&other).unwrap().proposes.unwrap();
    assert_eq!(proposed.starts_at, at("2026-12-03T08:00:00Z"));
    assert_eq!(proposed.minutes, Some(30));
}

#[test]
fn nobody_answers_for_another_and_nothing_else_is_an_answer() {
    let forged = GOOGLE.replace("From: Dana Levi <dana@", "From: Dana Levi <eve@");
    let read_from = |letter: &str| {
        let read = read(letter).unwrap();
        (read.attendee.unwrap().key(), read.from.key())
    };
    // Whose it says it is and who sent it are two things.
    let two = (
        "dana@tamar.example".to_owned(),
        "eve@tamar.example".to_owned(),
    );
    assert_eq!(read_from(&forged), two);
    let sent_by = forged.replace("X-NUM-GUESTS=0", "SENT-BY=\"mailto:eve@tamar.example\"");
    assert_eq!(read_from(&sent_by), two);
    for (from, to) in [
        ("METHOD:REPLY", "METHOD:REQUEST"),
        ("PARTSTAT=ACCEPTED", "PARTSTAT=NEEDS-ACTION"),
        ("BEGIN:VEVENT", "BEGIN:VTODO"),
        ("UID:", "X-UID:"),
    ] {
        assert_eq!(read(&GOOGLE.replace(from, to)), None, "{to}");
    }
    // A zone that nobody knows: another time is wanted, and that is all.
    let unknown = OUTLOOK.replace("TZID=Azerbaijan Standard Time", "TZID=Customized Time Zone");
    let unknown = read(&unknown).unwrap();
    assert_eq!(unknown.answer, MeetingAnswer::Countered);
    assert_eq!(unknown.proposes, None);
}
