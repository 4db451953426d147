//! A part's bytes under every set of facets, against a plain model.

use super::*;
use rand::RngExt;

const NAMES: [&str; 3] = ["user-data", "log", "grade"];

/// A stretch of a part in the model.
type Piece = (Facets, Vec<u8>);

fn some_facets(rng: &mut impl RngExt) -> Facets {
    Facets::new(NAMES.into_iter().filter(|_| rng.random_bool(0.25)))
}

/// `rounds` random parts in one course, with runs of text and rows of every size that is stored in another way.
pub async fn exact((store, _): Pair, rounds: u32) -> Result<()> {
    let mut rng = rand::rng();
    let mut d = draft(&store, "exact").await?;
    let mut model: Vec<(u64, Facets, Vec<Piece>)> = Vec::new();
    for n in 0..rounds {
        let own = if n % 4 == 0 { some_facets(&mut rng) } else { Facets::default() };
        let id = d.add_part(Owner::Course, format!("{n}.xml"), own.clone()).await?;
        model.push((id, own, Vec::new()));
    }
    // Parts are filled in turn, so that their runs lie interleaved.
    for n in 0..rounds * 12 {
        let (id, _, pieces) = &mut model[(n % rounds) as usize];
        let facets = some_facets(&mut rng);
        let mut runs = Vec::new();
        for _ in 0..rng.random_range(1..4) {
            if rng.random_bool(0.6) {
                let largest = [0, 20, 3000, 40_000][rng.random_range(0..4)];
                let text: Vec<u8> = (0..rng.random_range(0..=largest)).map(|_| rng.random()).collect();
                pieces.push((facets.clone(), text.clone()));
                runs.push(FacetedRun { facets: facets.clone(), run: Run::Text(text) });
            } else {
                let count = [1, 3, 700][rng.random_range(0..3)];
                let rows: Vec<Row> = (0..count)
                    .map(|n| {
                        let element: Vec<u8> = (0..rng.random_range(0..200)).map(|_| rng.random()).collect();
                        let local = u64::MAX - n;
                        match rng.random_range(0..40) {
                            0 => Row { element, columns: Columns::RoleAssignment { local, person: 1, role: 5 } },
                            1 => Row {
                                element,
                                columns: Columns::Group { local, name: "g".into(), idnumber: String::new() },
                            },
                            _ => log_row(local, &element),
                        }
                    })
                    .collect();
                pieces.extend(rows.iter().map(|r| (facets.clone(), r.element.clone())));
                runs.push(FacetedRun { facets: facets.clone(), run: Run::Rows(rows) });
            }
        }
        d.append_runs(*id, runs).await?;
    }
    let course = d.publish().await?;

    let mut s = store.snapshot(course).await?;
    let sizes: Vec<u64> = s.parts(0, 1000).await?.into_iter().map(|p| p.size).collect();
    for ((id, own, pieces), size) in model.iter().zip(sizes) {
        assert_eq!(pieces.iter().map(|(_, b)| b.len() as u64).sum::<u64>(), size);
        for bits in 0..8_u32 {
            let asked = Facets::new((0..3).filter(|b| bits & (1 << b) != 0).map(|b| NAMES[b]));
            let mut expected = Vec::new();
            if own.all_in(&asked) {
                pieces.iter().filter(|(f, _)| f.all_in(&asked)).for_each(|(_, b)| expected.extend_from_slice(b));
            }
            let limit = rng.random_range(1000..300_000);
            let mut read = Vec::new();
            loop {
                let bytes = s.read_part(*id, &asked, read.len() as u64, limit).await?;
                if bytes.is_empty() {
                    break;
                }
                assert!(bytes.len() <= limit as usize);
                read.extend(bytes);
            }
            assert!(read == expected, "part {id} under {asked:?}: {} bytes for {}", read.len(), expected.len());
            for _ in 0..3 {
                let from = rng.random_range(0..=expected.len() + 5);
                let bytes = s.read_part(*id, &asked, from as u64, 50).await?;
                let rest = expected.get(from..).unwrap_or_default();
                assert!(rest.starts_with(&bytes) && (rest.is_empty() || !bytes.is_empty()));
            }
        }
    }
    Ok(())
}
