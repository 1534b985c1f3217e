//! The pages, as a browser without JavaScript gets them.

mod consent;
