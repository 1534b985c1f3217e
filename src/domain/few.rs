//! Lists that mostly have one thing. An account of a pair is some twenty
//! sentences with a word or two each; kept in place, most of them ask for no
//! memory of their own.

use std::fmt;
use std::ops::Deref;

/// A list that asks for memory only when there are two things or more. What it
/// says is the same whichever way it was made.
#[derive(Clone)]
pub struct Few<T>(Kept<T>);

#[derive(Clone)]
enum Kept<T> {
    None,
    One(T),
    /// Any number of them.
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// An empty one.
    pub const fn none() -> Self {
        Self(Kept::None)
    }

    /// Adds a thing behind the others.
    pub fn push(&mut self, thing: T) {
        match &mut self.0 {
            Kept::Many(all) => all.push(thing),
            Kept::None => self.0 = Kept::One(thing),
            Kept::One(_) => {
                if let Kept::One(first) = std::mem::replace(&mut self.0, Kept::None) {
                    self.0 = Kept::Many(vec![first, thing]);
                }
            }
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Kept::None => &[],
            Kept::One(one) => std::slice::from_ref(one),
            Kept::Many(all) => all,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut all: Vec<T>) -> Self {
        if all.len() > 1 {
            return Self(Kept::Many(all));
        }
        Self(all.pop().map_or(Kept::None, Kept::One))
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Self {
        let mut things = things.into_iter();
        let Some(first) = things.next() else {
            return Self(Kept::None);
        };
        let Some(second) = things.next() else {
            return Self(Kept::One(first));
        };
        let more = things.size_hint().0;
        let mut all = Vec::with_capacity(more + 2);
        all.extend([first, second]);
        all.extend(things);
        Self(Kept::Many(all))
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_list_however_it_was_made(things in prop::collection::vec(any::<u8>(), 0..5)) {
            let mut pushed = Few::none();
            for thing in &things {
                pushed.push(*thing);
            }
            let collected: Few<u8> = things.iter().copied().collect();
            let taken = Few::from(things.clone());
            prop_assert_eq!(&*pushed, things.as_slice());
            prop_assert_eq!(&pushed, &collected);
            prop_assert_eq!(&pushed, &taken);
            prop_assert_eq!(format!("{:?}", pushed), format!("{things:?}"));
            prop_assert!((&collected).into_iter().eq(things.iter()));
        }
    }
}
