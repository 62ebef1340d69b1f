//! A small map in the order of its keys: what a tree map is for many, at a tenth of the memory for one or few.
//!
//! A tree holds eleven slots from its first entry on. A baseline holds hundreds of thousands of maps of one entry.

use std::borrow::Borrow;
use std::ops::Index;

/// Sorted by key, each key once, and no larger than what it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered<K, V>(Box<[(K, V)]>);

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<K: Ord, V> Ordered<K, V> {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(own, _)| own.borrow().cmp(key))
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// The value that the key had before, if any. Each new key moves the others: for few keys.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => self
                .0
                .get_mut(at)
                .map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                let mut entries = std::mem::take(&mut self.0).into_vec();
                entries.reserve_exact(1);
                entries.insert(at, (key, value));
                self.0 = entries.into_boxed_slice();
                None
            }
        }
    }

    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter().map(pair)
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

fn pair<K, V>(entry: &(K, V)) -> (&K, &V) {
    (&entry.0, &entry.1)
}

/// Entries in the order of their keys.
pub type Iter<'a, K, V> = std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&(K, V)) -> (&K, &V)>;

impl<'a, K: Ord, V> IntoIterator for &'a Ordered<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(pair)
    }
}

impl<K, V> IntoIterator for Ordered<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

/// Of equal keys the last one stands, as in any map.
impl<K: Ord, V> FromIterator<(K, V)> for Ordered<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut all: Vec<(K, V)> = entries.into_iter().collect();
        all.reverse();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|later, earlier| later.0 == earlier.0);
        Self(all.into_boxed_slice())
    }
}

/// For a key that is known to be there; like any index it stops the program where it is not.
impl<Q: Ord + ?Sized, K: Ord + Borrow<Q>, V> Index<&Q> for Ordered<K, V> {
    type Output = V;
    #[expect(clippy::expect_used, reason = "what an index of a map does")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_in_the_order_of_their_keys_however_they_came() {
        let mut inserted = Ordered::default();
        for (key, value) in [("c", 3), ("a", 1), ("b", 2)] {
            assert_eq!(inserted.insert(key, value), None);
        }
        let collected: Ordered<&str, i32> = [("b", 2), ("c", 3), ("a", 1)].into_iter().collect();
        assert_eq!(inserted, collected);
        assert!(collected.iter().eq([(&"a", &1), (&"b", &2), (&"c", &3)]));
        assert_eq!(collected.get("b"), Some(&2));
        assert_eq!(collected.get("d"), None);
    }

    #[test]
    fn a_key_is_there_once_with_its_last_value() {
        let mut map: Ordered<&str, i32> = [("a", 1), ("b", 0), ("a", 2)].into_iter().collect();
        assert!(map.iter().eq([(&"a", &2), (&"b", &0)]));
        assert_eq!(map.insert("a", 3), Some(2));
        assert_eq!((map.len(), map.get("a")), (2, Some(&3)));
    }
}
