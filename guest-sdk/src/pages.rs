//! Lists that come in pages.

use crate::Result;

/// All entries of a list. `page` is asked for what follows an id, 0 at first; `id` says the id of an entry.
pub fn all<T>(page: impl FnMut(u64) -> Result<Vec<T>>, id: impl Fn(&T) -> u64) -> Result<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    each(page, id, |more| {
        found.extend(more);
        Ok(())
    })?;
    Ok(found)
}

/// Each page of a list in turn.
pub fn each<T>(
    mut page: impl FnMut(u64) -> Result<Vec<T>>,
    id: impl Fn(&T) -> u64,
    mut take: impl FnMut(Vec<T>) -> Result<()>,
) -> Result<()> {
    let mut after = 0;
    loop {
        let more = page(after)?;
        let Some(last) = more.last() else { return Ok(()) };
        after = id(last);
        take(more)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn pages_are_turned_to_the_end() {
        let list = [3u64, 5, 8, 9, 20];
        let page = |after: u64| Ok(list.iter().copied().filter(|id| *id > after).take(2).collect());
        assert_eq!(all(page, |id| *id), Ok(list.to_vec()));
        let mut sizes = Vec::new();
        let counted = each(
            page,
            |id| *id,
            |more| {
                sizes.push(more.len());
                Ok(())
            },
        );
        assert_eq!((counted, sizes), (Ok(()), vec![2, 2, 1]));
        let broken = all(|_| Err::<Vec<u64>, _>(Error::failed("no")), |id| *id);
        assert!(broken.is_err());
    }
}
