//! The links at the foot of a mail and in its header, the same for a mail that
//! goes out and for one that is only looked at.

use super::notice::{Foot, Language};

/// The links of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    settings: Option<String>,
    consents: String,
    unsubscribe: Option<String>,
}

impl Links {
    /// The links into the service at `site`: by `settings` to what the reader
    /// is mailed about, by `consents` to what they agreed to. Mail to several
    /// has neither; it leads to where each asks for a link of their own, since
    /// it is made to be answered to all, and whoever is quoted would hand the
    /// other side the list of what they agreed to.
    pub fn new(
        site: &str,
        language: Language,
        settings: Option<&str>,
        consents: Option<&str>,
    ) -> Self {
        let page = |name: &str| Some(format!("{site}/{name}/{}", settings?));
        Self {
            settings: page("mail-settings"),
            consents: match consents {
                Some(token) => format!("{site}/my-consents/{token}"),
                None => format!("{site}/my-consents?lang={}", language.tag()),
            },
            unsubscribe: page("unsubscribe"),
        }
    }

    /// The foot.
    pub fn foot(&self) -> Foot<'_> {
        Foot {
            settings: self.settings.as_deref(),
            consents: Some(&self.consents),
        }
    }

    /// The address of `List-Unsubscribe` (RFC 8058), where the reader can do
    /// without such mail.
    pub fn unsubscribe(&self) -> Option<String> {
        self.unsubscribe.clone()
    }
}
