//! Where people open what this service has no page of its own for: it serves
//! records as JSON, to programs, so mails lead to an application beside it,
//! where there is one.

use std::fmt::Display;

/// Where mails lead, as far as the operator has said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destinations {
    /// The address of a record, with `{kind}` and `{id}` in it.
    pub record: Option<String>,
    /// Where what waits for somebody is listed.
    pub worklist: Option<String>,
    /// Where people sign in.
    pub sign_in: Option<String>,
}

impl Destinations {
    /// Where somebody opens a record of a kind, such as `deals`.
    pub fn of_record(&self, kind: &str, id: impl Display) -> Option<String> {
        let template = self.record.as_ref()?;
        Some(
            template
                .replace("{kind}", kind)
                .replace("{id}", &id.to_string()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_where_the_operator_says_or_nowhere() {
        let told = Destinations {
            record: Some("https://app.example/#/{kind}/{id}?from=mail".to_owned()),
            ..Destinations::default()
        };
        assert_eq!(
            told.of_record("deals", 7).as_deref(),
            Some("https://app.example/#/deals/7?from=mail")
        );
        assert_eq!(Destinations::default().of_record("deals", 7), None);
    }
}
