//! The question what became of a deal with facts as they could be.

use super::super::examples::{Facts, Shown, alone};
use super::DealPage;
use crate::services::deal_entries::DealWord;

/// With all that can be said.
pub(in crate::http::pages) fn page(facts: &Facts) -> Shown {
    let about = (facts.startup.as_str(), facts.programme.as_str());
    let page = DealPage::about(&facts.language, about, DealWord::ALL, "preview".to_owned());
    ("deal", alone(&page))
}
