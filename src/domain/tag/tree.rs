//! The tree of one taxonomy, walked once.

use std::collections::{BTreeMap, HashMap};

use super::{Sensitivity, Tag};
use crate::domain::text::Slug;
use crate::domain::word::OfOwnWords;

/// A tag's place in the tree of one taxonomy: how the scorer compares tags
/// without comparing their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub(super) u32);

impl Node {
    /// Its rank among the slugs, from 0.
    pub const fn rank(self) -> u32 {
        self.0
    }

    fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// The tree, walked once: what is below a tag lies between its `enter` and its
/// `leave`.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) nodes: HashMap<Slug, Node, OfOwnWords>,
    spots: Vec<Spot>,
    /// Every node, a parent before what is below it.
    walk: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) parent: Option<Node>,
    enter: u32,
    leave: u32,
    pub(super) sensitivity: Sensitivity,
}

impl Spot {
    pub(super) const fn covers(&self, other: &Self) -> bool {
        self.enter <= other.enter && other.enter < self.leave
    }
}

impl Tree {
    pub(super) fn new(tags: &BTreeMap<Slug, Tag>) -> Self {
        let nodes: HashMap<Slug, Node, OfOwnWords> =
            tags.keys().cloned().zip((0..).map(Node)).collect();
        let parent_of = |tag: &Tag| Some(*nodes.get(tag.parent.as_ref()?)?);
        let mut spots: Vec<Spot> = tags
            .values()
            .map(|tag| Spot {
                parent: parent_of(tag),
                enter: 0,
                leave: 0,
                sensitivity: tag.sensitivity,
            })
            .collect();
        let mut children: BTreeMap<Option<Node>, Vec<Node>> = BTreeMap::new();
        for (spot, node) in spots.iter().zip((0..).map(Node)) {
            children.entry(spot.parent).or_default().push(node);
        }
        let mut clock = 0;
        for root in children.get(&None).into_iter().flatten() {
            walk(*root, Sensitivity::None, &children, &mut spots, &mut clock);
        }
        let mut walk: Vec<Node> = (0..).map(Node).take(spots.len()).collect();
        walk.sort_by_key(|node| spots.get(node.place()).map(|spot| spot.enter));
        Self { nodes, spots, walk }
    }

    /// A node and all below it.
    pub(super) fn within(&self, node: Node) -> impl Iterator<Item = Node> {
        let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
        self.spot(node)
            .and_then(|spot| self.walk.get(place(spot.enter)..place(spot.leave)))
            .into_iter()
            .flatten()
            .copied()
    }

    pub(super) fn children(&self, parent: Node) -> impl Iterator<Item = Node> {
        let parent_of = |node: Node| self.spot(node).and_then(|spot| spot.parent);
        self.within(parent)
            .filter(move |node| parent_of(*node) == Some(parent))
    }

    pub(super) fn spot(&self, node: Node) -> Option<&Spot> {
        self.spots.get(node.place())
    }
}

fn walk(
    node: Node,
    above: Sensitivity,
    children: &BTreeMap<Option<Node>, Vec<Node>>,
    spots: &mut [Spot],
    clock: &mut u32,
) {
    let at = node.place();
    let Some(spot) = spots.get_mut(at) else {
        return;
    };
    spot.enter = *clock;
    spot.sensitivity = spot.sensitivity.max(above);
    let sensitivity = spot.sensitivity;
    *clock += 1;
    for child in children.get(&Some(node)).into_iter().flatten() {
        walk(*child, sensitivity, children, spots, clock);
    }
    if let Some(spot) = spots.get_mut(at) {
        spot.leave = *clock;
    }
}
