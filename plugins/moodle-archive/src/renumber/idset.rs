//! A set of ids as ranges: ids of one course mostly follow each other, so millions of them need little memory.

use std::collections::BTreeMap;

/// Ids, kept as ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdSet {
    /// First to last id of each range. Ranges neither touch nor overlap.
    ranges: BTreeMap<u64, u64>,
}

impl IdSet {
    /// Puts an id in; false if it was there.
    pub fn insert(&mut self, id: u64) -> bool {
        let before = self.ranges.range(..=id).next_back().map(|(&first, &last)| (first, last));
        if before.is_some_and(|(_, last)| last >= id) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == id => first,
            _ => id,
        };
        let last = id.checked_add(1).and_then(|next| self.ranges.remove(&next)).unwrap_or(id);
        self.ranges.insert(first, last);
        true
    }

    /// Whether an id is in it.
    pub fn contains(&self, id: u64) -> bool {
        self.ranges.range(..=id).next_back().is_some_and(|(_, &last)| last >= id)
    }

    /// The largest id.
    pub fn last(&self) -> Option<u64> {
        self.ranges.last_key_value().map(|(_, &last)| last)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// All ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.ranges.iter().flat_map(|(&first, &last)| first..=last)
    }
}

impl FromIterator<u64> for IdSet {
    fn from_iter<I: IntoIterator<Item = u64>>(ids: I) -> Self {
        let mut set = Self::default();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_join() {
        let mut set: IdSet = [5, 7, 6, 1, u64::MAX, u64::MAX - 1].into_iter().collect();
        assert_eq!(set.ranges.len(), 3);
        assert!(!set.insert(6));
        assert_eq!(set.last(), Some(u64::MAX));
        assert!(set.contains(1) && !set.contains(2) && !set.contains(0));
    }

    proptest! {
        #[test]
        fn it_is_a_set(ids in proptest::collection::vec(0u64..40, 0..60)) {
            let mut set = IdSet::default();
            let mut plain = BTreeSet::new();
            for id in ids {
                prop_assert_eq!(set.insert(id), plain.insert(id));
            }
            prop_assert!(set.iter().eq(plain.iter().copied()));
            prop_assert_eq!(set.last(), plain.last().copied());
            for id in 0..41 {
                prop_assert_eq!(set.contains(id), plain.contains(&id));
            }
        }
    }
}
