//! What was found to do so far, and up to which due date all of it is known: of
//! what many wait for, the first are read, and more where a page needs more.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::db::Conn;
use crate::db::worklist::Waiting;
use crate::domain::country::Country;
use crate::domain::ids::ProgrammeId;
use crate::domain::worklist::{RecordKind, WorkItem, WorkKind, end_of};
use crate::services::{Caller, Context, Error};

use super::Filter;

/// How many rows a query that was cut reads at most next time, by times.
const TIMES_MORE: i64 = 8;

/// How many rows each query reads at most: more of those alone that were cut. The
/// same caller and filter ask the same queries in the same order.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    first: i64,
    raised: BTreeMap<usize, i64>,
}

impl Limits {
    /// So many rows of each query at first.
    pub(super) const fn first(first: i64) -> Self {
        Self {
            first,
            raised: BTreeMap::new(),
        }
    }

    fn of(&self, query: usize) -> i64 {
        self.raised.get(&query).copied().unwrap_or(self.first)
    }
}

/// What was found so far, and by whose calendar days are counted.
pub(super) struct Pile<'a> {
    pub(super) context: &'a Context,
    pub(super) caller: &'a Caller,
    pub(super) filter: &'a Filter,
    /// How many rows the queries read at most, next time where one was cut.
    pub(super) limits: Limits,
    /// The query that is asked.
    pub(super) query: usize,
    /// How many rows it reads at most.
    pub(super) asked: i64,
    pub(super) country: Option<Country>,
    pub(super) items: Vec<WorkItem>,
    /// What is due earlier was read, all of it; none where everything was.
    pub(super) known_until: Option<DateTime<Utc>>,
}

impl Pile<'_> {
    pub(super) const fn under(&self) -> Option<ProgrammeId> {
        self.filter.programme
    }

    /// How many rows the next query reads at most.
    pub(super) fn most(&mut self) -> i64 {
        self.query += 1;
        self.asked = self.limits.of(self.query);
        self.asked
    }

    /// How many records the next list reads at most.
    pub(super) fn most_rows(&mut self) -> usize {
        usize::try_from(self.most()).unwrap_or(usize::MAX)
    }

    /// Whether the filter leaves room for such work.
    pub(super) fn wants(&self, kind: WorkKind, record: RecordKind) -> bool {
        let Filter {
            kind: only,
            record: about,
            programme,
            ..
        } = self.filter;
        only.is_none_or(|only| only == kind)
            && about.is_none_or(|about| about == record)
            && (programme.is_none() || record.is_under_a_programme())
    }

    pub(super) fn in_working_days(&self, from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        let zone = self.caller.user.zone;
        self.context
            .calendars
            .deadline(self.country, zone, from, days)
    }

    pub(super) fn push(
        &mut self,
        kind: WorkKind,
        record: RecordKind,
        found: &Waiting,
        due: Option<DateTime<Utc>>,
    ) {
        self.items.push(WorkItem {
            kind,
            record,
            record_id: found.id,
            programme: found.programme,
            since: found.since,
            due,
        });
    }

    /// Notes how many rows a query answered whose order is not that in which
    /// they are due: where there may be more, nothing is known to be all.
    pub(super) fn read(&mut self, rows: usize) {
        self.read_until(rows, DateTime::<Utc>::MIN_UTC);
    }

    /// Notes how many rows a query answered, in the order in which they are due,
    /// and when the last one is.
    pub(super) fn read_until(&mut self, rows: usize, last: DateTime<Utc>) {
        if i64::try_from(rows).is_ok_and(|rows| rows < self.asked) {
            return;
        }
        let more = self.asked.saturating_mul(TIMES_MORE);
        self.limits.raised.insert(self.query, more);
        let known = self.known_until.map_or(last, |known| known.min(last));
        self.known_until = Some(known);
    }

    /// Records that are to be dealt with some working days after they came, the
    /// longest waiting read first.
    pub(super) fn within<E>(
        &mut self,
        conn: &mut Conn,
        (kind, record, days): (WorkKind, RecordKind, u32),
        read: impl FnOnce(&mut Conn, i64) -> Result<Vec<Waiting>, E>,
    ) -> Result<(), Error>
    where
        Error: From<E>,
    {
        if !self.wants(kind, record) {
            return Ok(());
        }
        let most = self.most();
        let found = read(conn, most)?;
        let mut last = DateTime::<Utc>::MIN_UTC;
        for one in &found {
            last = self.in_working_days(one.since, days);
            self.push(kind, record, one, Some(last));
        }
        self.read_until(found.len(), last);
        Ok(())
    }

    /// The same of records that are read in another order.
    pub(super) fn in_any_order<E>(
        &mut self,
        conn: &mut Conn,
        (kind, record, days): (WorkKind, RecordKind, u32),
        read: impl FnOnce(&mut Conn, i64) -> Result<Vec<Waiting>, E>,
    ) -> Result<(), Error>
    where
        Error: From<E>,
    {
        if !self.wants(kind, record) {
            return Ok(());
        }
        let most = self.most();
        let found = read(conn, most)?;
        self.read(found.len());
        for one in &found {
            let due = self.in_working_days(one.since, days);
            self.push(kind, record, one, Some(due));
        }
        Ok(())
    }

    /// Records that say themselves until when, the first due read first.
    pub(super) fn until<E>(
        &mut self,
        conn: &mut Conn,
        (kind, record): (WorkKind, RecordKind),
        read: impl FnOnce(&mut Conn, i64) -> Result<Vec<Waiting>, E>,
    ) -> Result<(), Error>
    where
        Error: From<E>,
    {
        if !self.wants(kind, record) {
            return Ok(());
        }
        let most = self.most();
        let found = read(conn, most)?;
        let mut last = None;
        for one in &found {
            last = one.by.map(end_of);
            self.push(kind, record, one, last);
        }
        self.read_until(found.len(), last.unwrap_or(DateTime::<Utc>::MIN_UTC));
        Ok(())
    }
}
