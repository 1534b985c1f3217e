//! The settings with facts as they could be.

use super::super::examples::{Facts, Shown, alone};
use super::SettingsPage;
use crate::domain::mail_event::{MailEvent, Wanted};

/// With one thing that is kept out.
pub(in crate::http::pages) fn page(facts: &Facts) -> Shown {
    let wanted = Wanted::all_but(&[], &[MailEvent::IntroductionReminder]);
    let page = SettingsPage::about(
        (&facts.language, &facts.address),
        &wanted,
        true,
        ("preview", "preview".to_owned()),
    );
    ("mail_settings", alone(&page))
}
