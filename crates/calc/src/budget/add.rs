//! Completions of Equal Shares that give everybody a unit of money more, again and again, until one of two named rules says stop.
//!
//! What must stay true: the outcome is that of running every step. Steps are left out only where [`super::horizon`] shows that
//! they would decide the same.

use super::greedy::cheapest;
use super::shares::Run;
use super::{Completion, Refused};

/// Most runs of Equal Shares for one outcome.
pub const RUNS: u32 = 1_000_000;
/// Most steps between two looks at the horizon, when it was of no use.
const PATIENCE: u32 = 31;

/// Runs to the end, and gives by how many units everybody has more then.
pub fn complete(run: &mut Run<'_>, completion: Completion) -> Result<u128, Refused> {
    let election = run.field.election;
    let unit = 10u128.pow(election.decimals);
    let share = |raised: u128| u128::from(election.budget) + raised * unit * u128::from(election.voters);
    if completion == Completion::None {
        run.run(share(0), election.budget, false);
        return Ok(0);
    }
    let open: Vec<u32> = (0..run.field.open.len() as u32).filter(|p| run.field.open[*p as usize]).collect();
    // With so much more everybody could buy everything alone.
    let most = open.iter().map(|p| u128::from(run.field.cost(*p))).sum::<u128>().div_ceil(unit);
    let (mut raised, mut wait, mut patience) = (0, 0, 0);
    while run.runs < RUNS {
        let far = wait == 0;
        run.run(share(raised), election.budget, far);
        if run.spent > election.budget {
            // The first run spends no more than there is.
            raised = raised.saturating_sub(1);
            run.run(share(raised), election.budget, false);
            return Ok(raised);
        }
        let left = cheapest(election, open.iter().copied().filter(|p| !run.won[*p as usize]));
        let stops = match completion {
            Completion::Overspend => left.is_none(),
            _ => left.is_none_or(|cost| cost > election.budget - run.spent),
        };
        if stops {
            return Ok(raised);
        }
        let jump = if far { (run.horizon.reach / unit as f64).min(most.saturating_sub(raised) as f64) as u128 } else { 0 };
        (wait, patience) = match (far, jump) {
            (false, _) => (wait - 1, patience),
            (true, 0) => (patience, (2 * patience + 1).min(PATIENCE)),
            (true, _) => (0, 0),
        };
        raised += 1 + jump;
    }
    Err(Refused::Steps)
}
