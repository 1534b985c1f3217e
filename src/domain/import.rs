//! Importing a file: it is checked as a whole, row by row, and only then put
//! on record, in batches. Unless the good rows are asked for alone, one row
//! that is bad or that a rule refuses keeps all others back.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::fault::Fault;
use super::ids::{ImportId, OrganizationId, ProgrammeId, UserId};
use super::refusal::Refusal;
use super::values::codes;

/// How long a file waits for somebody to start its import, or is kept after
/// its end, with the report.
pub const KEPT: TimeDelta = TimeDelta::days(7);

codes! {
    /// How a file is written.
    FileFormat {
        /// Comma-separated values (RFC 4180), UTF-8, with a header.
        Csv = "csv",
        /// A JSON object a line, UTF-8.
        Ndjson = "ndjson",
    }
}

codes! {
    /// Where an import stands.
    ImportState {
        /// Its rows are being checked; nothing is on record.
        Checking = "checking",
        /// All rows were checked, nothing is on record: it waits for `start`.
        Checked = "checked",
        /// Its rows are being put on record.
        Applying = "applying",
        /// Over.
        Done = "done",
        /// The file can't be read any further.
        Failed = "failed",
        /// Somebody ended it; what was on record by then stays.
        Cancelled = "cancelled",
        /// Nobody started it in time.
        Expired = "expired",
    }
}

impl ImportState {
    /// Whether a worker has something to do.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Checking | Self::Applying)
    }

    /// Whether anything can still become of it.
    pub const fn is_open(self) -> bool {
        self.is_running() || matches!(self, Self::Checked)
    }
}

codes! {
    /// What people do with an import.
    ImportAction {
        /// Put the rows of a checked file on record.
        Start = "start",
        /// End it.
        Cancel = "cancel",
    }
}

codes! {
    /// What became of a row, or would have become of it where rows were only
    /// checked.
    RowOutcome {
        /// A firm that is new.
        Created = "created",
        /// A firm of which something changed.
        Updated = "updated",
        /// The same as on record.
        Unchanged = "unchanged",
        /// People have taken the record over; left as it is.
        Kept = "kept",
        /// A rule says no.
        Refused = "refused",
        /// It can't be read.
        Bad = "bad",
    }
}

/// How a file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportOptions {
    /// Which programme the records are published in; only for the operator's
    /// own imports.
    pub programme: Option<ProgrammeId>,
    /// It stops after the check, whatever the check says.
    pub dry_run: bool,
    /// The good rows are put on record although others are not good.
    pub keep_good: bool,
    /// Whether contacts may be mailed the claim link.
    pub ask_contacts: bool,
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowTally {
    /// Rows looked at.
    pub read: i64,
    /// Rows that can't be read.
    pub bad: i64,
    /// Firms that are new.
    pub created: i64,
    /// Firms of which something changed.
    pub updated: i64,
    /// Firms of which everything was on record.
    pub unchanged: i64,
    /// Firms whose records people have taken over.
    pub kept: i64,
    /// Rows that a rule refuses.
    pub refused: i64,
}

impl RowTally {
    /// Counts a row.
    pub const fn count(&mut self, outcome: RowOutcome) {
        self.read += 1;
        match outcome {
            RowOutcome::Created => self.created += 1,
            RowOutcome::Updated => self.updated += 1,
            RowOutcome::Unchanged => self.unchanged += 1,
            RowOutcome::Kept => self.kept += 1,
            RowOutcome::Refused => self.refused += 1,
            RowOutcome::Bad => self.bad += 1,
        }
    }

    /// Rows that can be read.
    pub const fn good(&self) -> i64 {
        self.read - self.bad
    }

    /// Rows that keep the others back.
    pub const fn in_the_way(&self) -> i64 {
        self.bad + self.refused
    }
}

/// How far a file was read: where the next row begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub byte: i64,
    /// Lines before it.
    pub line: i64,
}

/// Why a file can't be read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFailure {
    /// Stable, `snake_case`.
    pub code: String,
    /// One sentence in English.
    pub detail: String,
}

/// A file that is being imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id, also the name of the file.
    pub id: ImportId,
    /// For which partner its rows are referrals; none when the operator
    /// imports on its own account.
    pub partner: Option<OrganizationId>,
    /// Who handed it in; none for the operator's command line.
    pub made_by: Option<UserId>,
    /// How.
    pub options: ImportOptions,
    /// How it is written.
    pub format: FileFormat,
    /// Its length.
    pub bytes: i64,
    /// Its SHA-256.
    pub digest: [u8; 32],
    /// Where it stands.
    pub state: ImportState,
    /// How far it was read.
    pub place: Place,
    /// What the rows came to so far.
    pub tally: RowTally,
    /// Why it can't go on.
    pub failure: Option<ImportFailure>,
    /// When its file and report are deleted.
    pub expires_at: DateTime<Utc>,
    /// Counts changes, progress included; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a row says of the firm that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFirm {
    /// Which firm: its kind and its id in the file.
    pub key: String,
    /// SHA-256 of its names, country and web site.
    pub digest: [u8; 32],
    /// What is said of its numbers: `register=number` or `register=`, with a
    /// space between.
    pub numbers: String,
}

impl RowFirm {
    /// Whether two rows can't both be true of one firm. A register that one of
    /// them doesn't name is no contradiction.
    pub fn contradicts(&self, other: &Self) -> bool {
        let said = |of: &str| -> BTreeMap<String, String> {
            let pairs = of.split(' ').filter_map(|it| it.split_once('='));
            pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
        };
        let (own, others) = (said(&self.numbers), said(&other.numbers));
        let differs = |(register, number): (&String, &String)| {
            others.get(register).is_some_and(|other| other != number)
        };
        self.digest != other.digest || own.iter().any(differs)
    }

    /// Adds what another row says of registers that this one doesn't name.
    pub fn add(&mut self, other: &Self) {
        for pair in other.numbers.split(' ').filter(|it| !it.is_empty()) {
            let register = pair.split_inclusive('=').next().unwrap_or(pair);
            if !self.numbers.split(' ').any(|it| it.starts_with(register)) {
                if !self.numbers.is_empty() {
                    self.numbers.push(' ');
                }
                self.numbers.push_str(pair);
            }
        }
    }
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Where it begins, from 1; a header is a line too.
    pub line: i64,
    /// Its own id, as far as it could be read.
    pub external_id: Option<String>,
    /// What became of it.
    pub outcome: RowOutcome,
    /// The referral, or for the operator the firm, that it is on record as.
    pub record: Option<uuid::Uuid>,
    /// Everything that is wrong, or the rule that says no.
    pub faults: Vec<Fault>,
    /// The firm that it is of, where it could be read.
    pub firm: Option<RowFirm>,
}

impl Import {
    /// Whether its rows are only tried at present, and undone.
    pub const fn is_trial(&self) -> bool {
        matches!(self.state, ImportState::Checking)
    }

    /// What a new import begins with: where the good rows are taken whatever
    /// the others are like, there is nothing to wait for.
    pub const fn first_state(options: &ImportOptions) -> ImportState {
        if options.keep_good && !options.dry_run {
            ImportState::Applying
        } else {
            ImportState::Checking
        }
    }

    /// What comes after the last row.
    #[must_use]
    pub fn after_last_row(self, now: DateTime<Utc>) -> Self {
        let free = self.options.keep_good || self.tally.in_the_way() == 0;
        match self.state {
            ImportState::Checking if free && !self.options.dry_run => self.restarted(now),
            ImportState::Checking => self.moved(ImportState::Checked, now),
            _ => self.moved(ImportState::Done, now),
        }
    }

    /// What an action makes of it. `keep_good` lets the bad rows stay out.
    ///
    /// # Errors
    /// The action is not possible now.
    pub fn step(
        self,
        action: ImportAction,
        keep_good: bool,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        match (action, self.state) {
            (ImportAction::Start, ImportState::Checked) => {
                let keep_good = keep_good || self.options.keep_good;
                if self.tally.in_the_way() > 0 && !keep_good {
                    return Err(Refusal::new(
                        "rows_not_good",
                        format!(
                            "{} rows are bad or refused; correct the file, or start with keep_good to leave them out.",
                            self.tally.in_the_way()
                        ),
                    ));
                }
                let mut started = self.restarted(now);
                started.options.keep_good = keep_good;
                Ok(started)
            }
            (ImportAction::Cancel, state) if state.is_open() => {
                Ok(self.moved(ImportState::Cancelled, now))
            }
            (action, _) => Err(Refusal::no_transition(action.code())),
        }
    }

    /// It can't be read any further.
    #[must_use]
    pub fn failed(self, failure: ImportFailure, now: DateTime<Utc>) -> Self {
        Self {
            failure: Some(failure),
            ..self.moved(ImportState::Failed, now)
        }
    }

    /// Nobody started it in time.
    #[must_use]
    pub fn expired(self, now: DateTime<Utc>) -> Self {
        self.moved(ImportState::Expired, now)
    }

    fn restarted(self, now: DateTime<Utc>) -> Self {
        Self {
            place: Place::default(),
            tally: RowTally::default(),
            ..self.moved(ImportState::Applying, now)
        }
    }

    fn moved(self, state: ImportState, now: DateTime<Utc>) -> Self {
        Self {
            state,
            expires_at: now + KEPT,
            version: self.version + 1,
            updated_at: now,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(options: ImportOptions, bad: i64) -> Import {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        let state = Import::first_state(&options);
        Import {
            id: uuid::Uuid::from_u128(1).into(),
            partner: None,
            made_by: None,
            options,
            format: FileFormat::Csv,
            bytes: 10,
            digest: [0; 32],
            state,
            place: Place { byte: 10, line: 3 },
            tally: RowTally {
                read: 2,
                bad,
                ..RowTally::default()
            },
            failure: None,
            expires_at: now,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn options(dry_run: bool, keep_good: bool) -> ImportOptions {
        ImportOptions {
            programme: None,
            dry_run,
            keep_good,
            ask_contacts: true,
        }
    }

    #[test]
    fn one_bad_row_keeps_all_others_back_unless_the_good_are_asked_for() {
        use ImportState as S;
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        for (dry_run, keep_good, bad, after) in [
            (false, false, 0, S::Applying),
            (false, false, 1, S::Checked),
            (true, false, 0, S::Checked),
            (true, true, 1, S::Checked),
            (false, true, 1, S::Done),
        ] {
            let import = import(options(dry_run, keep_good), bad);
            assert_eq!(
                import.after_last_row(now).state,
                after,
                "{dry_run} {keep_good} {bad}"
            );
        }
    }

    #[test]
    fn rows_contradict_each_other_where_both_say_something() {
        let row = |name: u8, numbers: &str| RowFirm {
            key: "startup:f-1".to_owned(),
            digest: [name; 32],
            numbers: numbers.to_owned(),
        };
        let mut first = row(1, "");
        assert!(first.contradicts(&row(2, "")));
        assert!(!first.contradicts(&row(1, "lei=A az_voen=1")));
        first.add(&row(1, "lei=A az_voen="));
        first.add(&row(1, "lei=B il_company=5"));
        assert_eq!(first.numbers, "lei=A az_voen= il_company=5");
        assert!(first.contradicts(&row(1, "lei=B")));
        assert!(first.contradicts(&row(1, "az_voen=1")));
        assert!(!first.contradicts(&row(1, "il_company=5 lei=A")));
    }

    #[test]
    fn a_checked_file_is_started_from_its_first_row() {
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        let checked = import(options(true, false), 1).after_last_row(now);
        let refused = checked.clone().step(ImportAction::Start, false, now);
        assert_eq!(refused.unwrap_err().code, "rows_not_good");
        let started = checked.step(ImportAction::Start, true, now).unwrap();
        assert_eq!(started.place, Place::default());
        assert_eq!(started.tally, RowTally::default());
        let done = started.after_last_row(now);
        assert_eq!(done.state, ImportState::Done);
        let refusal = done.step(ImportAction::Cancel, false, now).unwrap_err();
        assert!(refusal.is_about_state());
    }
}
