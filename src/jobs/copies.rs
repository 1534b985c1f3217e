//! What is kept of a mail: its words, without the links that prove who their
//! reader is.

use crate::mail::Email;
use crate::services::notices::MailCopy;

/// What stands where a link was.
const LEFT_OUT: &str = "…";

/// What an e-mail says, without the links into the service at `public_url`:
/// whoever reads the copy must not be able to answer for its reader.
pub fn of(email: &Email, public_url: &str) -> MailCopy {
    MailCopy {
        subject: email.subject.clone(),
        text: without_links(&email.text, public_url),
        html: without_links(&email.html, public_url),
    }
}

fn without_links(text: &str, public_url: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once(public_url) {
        kept.push_str(before);
        kept.push_str(public_url);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')');
        let end = link.find(ends).unwrap_or(link.len());
        let (path, after) = link.split_at(end);
        if path.len() > 1 {
            kept.push('/');
            kept.push_str(LEFT_OUT);
        } else {
            kept.push_str(path);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_left_out_of_text_and_html_and_nothing_else_is() {
        let url = "https://corridor.example";
        let text = format!("Answer: {url}/consent/aB3_-\nSee {url}/ and https://other.example/x.");
        assert_eq!(
            without_links(&text, url),
            format!("Answer: {url}/…\nSee {url}/ and https://other.example/x.")
        );
        let html = format!("<a href=\"{url}/tickets/x-1\">{url}/tickets/x-1</a> {url}");
        assert_eq!(
            without_links(&html, url),
            format!("<a href=\"{url}/…\">{url}/…</a> {url}")
        );
    }
}
