//! Every page that a link in a mail leads to can be used by everybody: with a
//! keyboard, a reader of screens, weak eyes, from right to left.

use std::collections::{BTreeMap, BTreeSet};

use corridor::db::{self, Conn};
use corridor::domain::account::{Role, User};
use serde_json::json;

use super::Post;
use super::digests::pages;
use crate::api::stage::{Who, of};
use crate::support::database::on_each_backend;

/// What pages are behind links.
const KINDS: [&str; 5] = [
    "consent",
    "matches",
    "my-consents",
    "mail-settings",
    "pulse",
];

type Attributes = BTreeMap<String, String>;

/// The tags of a page as it is served, in order; those that close begin with a
/// slash.
fn tags(html: &str) -> Vec<(String, Attributes)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with('!') {
            continue;
        }
        let end = end_of_tag(rest);
        found.push(tag(&rest[..end]));
        rest = &rest[end..];
    }
    found
}

/// Where a tag ends, quotes regarded.
fn end_of_tag(rest: &str) -> usize {
    let mut quoted = false;
    rest.char_indices()
        .find(|(_, c)| {
            quoted ^= *c == '"';
            *c == '>' && !quoted
        })
        .map(|(at, _)| at)
        .unwrap()
}

fn tag(text: &str) -> (String, Attributes) {
    let name_end = text.find(char::is_whitespace).unwrap_or(text.len());
    let mut attributes = Attributes::new();
    let mut rest = text[name_end..].trim();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix("=\"") {
            let (quoted, after) = after.split_once('"').unwrap();
            quoted.clone_into(&mut value);
            rest = after.trim_start();
        }
        assert!(attributes.insert(name, value).is_none(), "twice: {text}");
    }
    (text[..name_end].to_owned(), attributes)
}

/// Checks a page; answers its language.
pub(super) fn check(html: &str) -> String {
    let tags = tags(html);
    let has = |attributes: &Attributes, name: &str| attributes.contains_key(name);
    let get = |attributes: &Attributes, name: &str| -> String {
        attributes.get(name).cloned().unwrap_or_default()
    };
    let named = |name: &str| tags.iter().filter(|(tag, _)| tag == name).count();
    let (_, root) = tags.iter().find(|(tag, _)| tag == "html").unwrap();
    let language = get(root, "lang");
    let direction = if language == "he" { "rtl" } else { "ltr" };
    assert_eq!(get(root, "dir"), direction, "{html}");
    for once in ["h1", "main", "title"] {
        assert_eq!(named(once), 1, "{once}: {html}");
    }
    assert_eq!(named("script") + named("img"), 0);
    assert!(html.contains("width=device-width"));
    assert_eq!(named("fieldset"), named("legend"));

    // Headings go down one step at a time.
    let mut level = 0;
    for (tag, _) in &tags {
        if let Some(next) = tag.strip_prefix('h').and_then(|it| it.parse::<u32>().ok()) {
            assert!(next <= level + 1, "h{next} after h{level}: {html}");
            level = next;
        }
    }

    // Whatever is pointed at is there, once.
    let mut ids = BTreeSet::new();
    for (tag, attributes) in &tags {
        if has(attributes, "id") {
            assert!(ids.insert(get(attributes, "id")), "{tag} {attributes:?}");
        }
        if has(attributes, "tabindex") {
            assert_eq!(get(attributes, "tabindex"), "-1");
        }
    }
    let labelled: BTreeSet<String> = tags
        .iter()
        .filter(|(tag, _)| tag == "label")
        .map(|(_, attributes)| get(attributes, "for"))
        .collect();
    let mut in_label = false;
    for (tag, attributes) in &tags {
        match tag.as_str() {
            "label" => in_label = true,
            "/label" => in_label = false,
            _ => {}
        }
        for pointer in ["aria-describedby", "aria-labelledby", "for"] {
            for id in get(attributes, pointer).split_whitespace() {
                assert!(ids.contains(id), "{pointer}={id}: {html}");
            }
        }
        if get(attributes, "href").starts_with('#') {
            assert!(
                ids.contains(&get(attributes, "href")[1..]),
                "{attributes:?}"
            );
        }
        if has(attributes, "aria-invalid") {
            assert!(has(attributes, "aria-describedby"), "{attributes:?}");
        }
        let hidden = get(attributes, "type") == "hidden";
        if matches!(tag.as_str(), "input" | "select" | "textarea") && !hidden {
            let label = in_label || labelled.contains(&get(attributes, "id"));
            assert!(label, "without a label: {attributes:?}");
            // Browsers fill in what they know of their reader.
            let fills = match &*get(attributes, "name") {
                "name" => Some("name"),
                "role" => Some("organization-title"),
                _ => None,
            };
            if let Some(fills) = fills {
                assert_eq!(get(attributes, "autocomplete"), fills);
            }
        }
        if tag == "html" || has(attributes, "lang") {
            let other = get(attributes, "lang");
            assert!(["en", "he", "az", "ru"].contains(&&*other), "{other}");
        }
    }
    language
}

impl Post {
    /// A colleague of Gul's who reads Russian.
    async fn russian_colleague(&self) -> String {
        let (context, firm) = (self.stage.context.clone(), self.stage.investor.id);
        let person = User {
            id: context.new_id(),
            email: of("olga@mail.example"),
            language: of("ru"),
            ..self.stage.user(Who::Gul).clone()
        };
        let (id, now) = (person.id, self.now());
        let insert = move |conn: &mut Conn| {
            assert!(db::users::insert(conn, &person, "no hash")?);
            db::users::insert_membership(conn, id, firm, Role::Editor, now)
        };
        self.stage.context.db.write(insert).await.unwrap();
        id.to_string()
    }

    /// Looks at every page that a mail leads to; answers which there were, in
    /// which language.
    async fn look_at_every_page(&self, seen: &mut BTreeSet<(&'static str, String)>) {
        for mail in self.mails() {
            for kind in KINDS {
                for path in pages(&mail, kind) {
                    let page = self.stage.open(&path).await;
                    assert!(matches!(page.status, 200 | 410), "{path}: {}", page.status);
                    seen.insert((kind, check(&page.text)));
                }
            }
        }
    }
}

#[test]
fn every_page_that_a_mail_leads_to_can_be_used_by_everybody() {
    on_each_backend(async |database| {
        let mut seen = BTreeSet::new();
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Curator).await;
        post.send().await;
        // With every fault, too.
        let page = post.stage.question(&introduction).await;
        let faults = [("answer", "decline"), ("name", "")];
        let shown = post.stage.submit(&page, &faults).await;
        assert_eq!((shown.status, &*check(&shown.text)), (422, "he"));
        post.look_at_every_page(&mut seen).await;
        post.accept(Who::Dana, &introduction).await;
        post.send().await;
        post.look_at_every_page(&mut seen).await;
        let olga = post.russian_colleague().await;
        let pass_on = json!({"action": "delegate", "delegate_person": olga});
        post.stage
            .go(Who::Gul, &introduction, pass_on)
            .await
            .expect(200);
        post.send().await;
        post.look_at_every_page(&mut seen).await;
        let mail = post.mails().pop().unwrap();
        let page = pages(&mail, "consent").remove(0);
        let yes = [("answer", "accept"), ("name", "Ольга")];
        assert_eq!(post.stage.submit(&page, &yes).await.status, 303);
        post.send().await;
        for morning in ["2026-12-01T09:00:00Z", "2026-12-02T07:00:00Z"] {
            post.at(morning);
            post.strike().await;
        }
        post.look_at_every_page(&mut seen).await;

        let of_kind = |kind: &str| -> Vec<&str> {
            let all = seen.iter().filter(|(one, _)| *one == kind);
            all.map(|(_, language)| language.as_str()).collect()
        };
        assert_eq!(of_kind("consent"), ["az", "he", "ru"]);
        assert_eq!(of_kind("pulse"), ["he", "ru"]);
        assert_eq!(of_kind("mail-settings"), ["az", "he", "ru"]);
        assert_eq!(of_kind("my-consents"), ["az", "he", "ru"]);
    });
}

#[test]
fn the_pages_of_a_digest_can_be_used_by_everybody() {
    on_each_backend(async |database| {
        let mut seen = BTreeSet::new();
        let post = Post::open(database).await;
        post.shown(2).await;
        post.at("2026-11-30T05:00:00Z");
        post.strike().await;
        post.look_at_every_page(&mut seen).await;
        assert!(seen.contains(&("matches", "az".to_owned())), "{seen:?}");
    });
}

/// The luminance of a colour such as `#0b57a4` (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let digits = colour.trim().trim_start_matches('#');
    let part = |at: usize| {
        let byte = u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let value = f64::from(byte) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_colours_of_the_pages_stand_out_and_the_focus_shows() {
    let style = include_str!("../../../src/http/pages/templates/pages.css");
    let mut schemes = 0;
    for block in style.split(":root {").skip(1) {
        let block = block.split('}').next().unwrap();
        let colours: BTreeMap<&str, &str> = block
            .split(';')
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'))
            .collect();
        let colour = |name: &str| colours.get(name).copied();
        let Some(back) = colour("back") else {
            continue;
        };
        schemes += 1;
        for (name, against, least) in [
            ("text", back, 7.0),
            ("accent", back, 4.5),
            ("wrong", back, 4.5),
            // Borders and rings (WCAG 2.2, 1.4.11).
            ("edge", back, 3.0),
        ] {
            if let Some(shown) = colour(name) {
                let found = contrast(shown, against);
                assert!(found >= least, "{name}: {found:.2} in {block}");
            }
        }
        if let (Some(text), Some(accent)) = (colour("on-accent"), colour("accent")) {
            assert!(contrast(text, accent) >= 4.5, "{block}");
        }
    }
    // By day, by night, on paper.
    assert_eq!(schemes, 3);
    assert!(style.contains(":focus-visible { outline: 3px solid"));
    assert!(!style.contains("outline: none") && !style.contains("outline: 0"));
}
