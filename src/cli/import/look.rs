//! The first look at the files: every row is checked, nothing is written.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use crate::cli::progress::Progress;
use crate::config::import_mapping::Columns;
use crate::services::imports::NewStartup;

use super::fates::{Fates, Places};
use super::portfolio::{Portfolios, Unknown};
use super::report::{BadRow, BadRows, FileReport};
use super::rows::{Checked, Ids, RowFault, Rules, deal, investor, startup};
use super::table::{Line, Table};
use super::{ImportArgs, ImportError, name_of};

/// What a first look at the files found.
pub struct Looked {
    /// What was counted, file by file.
    pub files: Vec<FileReport>,
    /// The bad rows of all files.
    pub bad: BadRows,
    /// Where the fates of rows are written down.
    pub fates: Fates,
    /// Whether there are deals, for which sides are remembered.
    derives: bool,
    /// The deals of each investor.
    pub portfolios: Portfolios,
    /// Words without a tag, with the number of startups that have them.
    pub unmapped: HashMap<String, u64>,
}

impl Looked {
    /// Nothing yet; the fates of rows will go to the file that the arguments
    /// name.
    pub fn new(args: &ImportArgs) -> Result<Self, ImportError> {
        Ok(Self {
            files: Vec::with_capacity(3),
            bad: BadRows::default(),
            fates: Fates::new(args.report.as_deref()).map_err(ImportError::Report)?,
            derives: args.investments.is_some(),
            portfolios: Portfolios::default(),
            unmapped: HashMap::new(),
        })
    }

    /// Looks at the startups. They come first: deals name them.
    pub fn at_startups(&mut self, rules: &Rules, path: &Path) -> Result<(), ImportError> {
        let mut ids = Ids::default();
        let mut without_country = 0;
        let counts = self.at_file(path, &rules.mapping.startups, |looked, line| {
            let checked = startup(rules, &mut ids, line);
            if let Checked::Good(row) = &checked {
                looked.count_unmapped(rules, row);
                if looked.derives {
                    let tags = row.content.all_tags().cloned().collect();
                    let country = row.details.country;
                    looked
                        .portfolios
                        .add_startup(&row.external_id, tags, country);
                }
                without_country += u64::from(row.details.country.is_none());
            }
            checked
        })?;
        self.files.push(FileReport {
            without_country,
            ..counts
        });
        Ok(())
    }

    /// Looks at the investors. They come before the deals that name them.
    pub fn at_investors(&mut self, rules: &Rules, path: &Path) -> Result<(), ImportError> {
        let mut ids = Ids::default();
        let mut without_country = 0;
        let counts = self.at_file(path, &rules.mapping.investors, |looked, line| {
            let checked = investor(rules, &mut ids, line);
            if let Checked::Good(row) = &checked {
                if looked.derives {
                    looked.portfolios.add_investor(&row.external_id);
                }
                without_country += u64::from(row.details.country.is_none());
            }
            checked
        })?;
        self.files.push(FileReport {
            without_country,
            ..counts
        });
        Ok(())
    }

    /// Looks at the past deals.
    pub fn at_investments(&mut self, rules: &Rules, path: &Path) -> Result<(), ImportError> {
        let (file, columns) = (name_of(path), &rules.mapping.investments);
        let places = Places::of(columns);
        let counts = self.at_file(path, columns, |looked, line| {
            let number = line.number;
            let checked = match deal(rules, line) {
                Checked::Good(deal) => match looked.portfolios.add(&deal) {
                    Ok(()) => Checked::Good(deal),
                    Err(unknown) => Checked::Bad(unknown.into_iter().map(unknown_side).collect()),
                },
                bad @ Checked::Bad(_) => bad,
            };
            let bad: &[RowFault] = match &checked {
                Checked::Good(_) => &[],
                Checked::Bad(faults) => faults,
            };
            looked.fates.push_deal(&file, &places, number, bad);
            checked
        })?;
        self.files.push(counts);
        Ok(())
    }

    /// Checks every row of a file and counts what comes out.
    fn at_file<F: Ord + Copy + Serialize, T>(
        &mut self,
        path: &Path,
        columns: &Columns<F>,
        mut check: impl FnMut(&mut Self, Line<F>) -> Checked<T>,
    ) -> Result<FileReport, ImportError> {
        let table = Table::open(path, columns)?;
        let mut counts = FileReport {
            file: name_of(path),
            unused_columns: table.unused().to_vec(),
            ..FileReport::default()
        };
        let mut bar = Progress::rows(&format!("Checking {}", counts.file), None);
        for line in table {
            let line = line?;
            let number = line.number;
            counts.read += 1;
            bar.step();
            match check(self, line) {
                Checked::Good(_) => counts.good += 1,
                Checked::Bad(faults) => {
                    counts.bad += 1;
                    let faults = faults.into_iter();
                    let faults = faults.map(|fault| fault.in_columns(columns)).collect();
                    let row = BadRow {
                        file: counts.file.clone(),
                        line: number,
                        faults,
                    };
                    self.bad.push(row);
                }
            }
        }
        bar.finish();
        Ok(counts)
    }

    fn count_unmapped(&mut self, rules: &Rules, row: &NewStartup) {
        for word in &row.content.source_tags {
            if rules.mapping.tag(word, &rules.taxonomy).is_none() {
                *self.unmapped.entry(word.to_lowercase()).or_default() += 1;
            }
        }
    }
}

fn unknown_side(side: Unknown) -> RowFault {
    let (field, file) = match side {
        Unknown::Startup => ("startup_external_id", "startups'"),
        Unknown::Investor => ("investor_external_id", "investors'"),
    };
    let detail = format!("the {file} file has no good row with this id");
    RowFault::new(field, detail)
}
