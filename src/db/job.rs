//! Jobs on a connection, their types put away.
//!
//! A job waits, is run on another thread and is answered in one and the same
//! way, whatever it does. Done over the type of each of some hundred use cases,
//! that would be compiled as often; so a job is boxed once on its way in, and
//! its answer taken out of its box on the way back.

use std::any::Any;

use super::{Conn, Error};

/// A job that answers in a box.
pub(super) type Job = Box<dyn FnOnce(&mut Conn) -> Outcome + Send>;

/// What became of a job.
pub(super) type Outcome = Result<Box<dyn Any + Send>, Failure>;

/// Why a job came to nothing.
pub(super) enum Failure {
    /// The job's own error, of its own type.
    Own(Box<dyn Any + Send>),
    /// It was not run to its end.
    Store(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The job with its types put away.
pub(super) fn boxed<T, E, F>(job: F) -> Job
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
{
    Box::new(move |conn| match job(conn) {
        Ok(answer) => Ok(Box::new(answer)),
        Err(error) => Err(Failure::Own(Box::new(error))),
    })
}

/// What a job that was [`boxed`] with these types answered.
pub(super) fn opened<T, E>(outcome: Outcome) -> Result<T, E>
where
    T: 'static,
    E: From<Error> + 'static,
{
    // A box always holds what its job put there.
    let other = || Error::Corrupt("a job answered with another type".into());
    match outcome {
        Ok(answer) => match answer.downcast() {
            Ok(answer) => Ok(*answer),
            Err(_) => Err(other().into()),
        },
        Err(Failure::Own(error)) => match error.downcast() {
            Ok(error) => Err(*error),
            Err(_) => Err(other().into()),
        },
        Err(Failure::Store(error)) => Err(error.into()),
    }
}
