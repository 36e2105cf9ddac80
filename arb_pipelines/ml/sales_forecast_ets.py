"""Exponential smoothing with fitted parameters (statsmodels) for series that sell nearly every week.

What belongs here: fitting once and walking on with the same parameters; a fit costs tens of milliseconds, so that
only the best sellers get one. Everything else keeps the forecast it came with.
"""

from __future__ import annotations

import warnings

import numpy as np

from arb_pipelines.ml.sales_forecast_rules import Floats

MOST_FITS = 120
LEAST_WEEKS = 12


def forecast_ets(units: Floats, otherwise: Floats, chosen: Floats, fit_until: int) -> Floats:
    """Return `otherwise` with the columns from `fit_until` on replaced, for the best selling chosen series.

    Parameters (level and damped trend, additive) are fitted on the weeks before `fit_until` and then only followed,
    so that column t uses the weeks before t only.

    Args:
        units: sales, shape (series, weeks), NaN before a series' first sale.
        otherwise: forecasts, shape (series, weeks + 1).
        chosen: which series to fit, true or false.
        fit_until: the first week that is forecast.
    """
    found = otherwise.copy()
    known = (~np.isnan(units[:, :fit_until])).sum(axis=1)
    sold = np.nansum(units[:, :fit_until], axis=1)
    rows = np.flatnonzero((chosen > 0) & (known >= LEAST_WEEKS) & (sold > 0))
    for row in rows[np.argsort(-sold[rows], kind="stable")][:MOST_FITS]:
        series = units[row]
        first = int(np.argmin(np.isnan(series)))
        ahead = _walk(series[first:], fit_until - first)
        if ahead is not None:
            found[row, fit_until:] = np.maximum(ahead, 0)
    return found


def _walk(series: Floats, fit_until: int) -> Floats | None:
    """Return one-step forecasts of weeks `fit_until` to one past the end, None where the fit fails."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    with warnings.catch_warnings():
        # A fit that has not converged is still a valid candidate; the gate judges it by its forecasts.
        warnings.simplefilter("ignore")
        try:
            fitted = ETSModel(series[:fit_until], trend="add", damped_trend=True).fit(disp=False, maxiter=60)
            followed = ETSModel(series, trend="add", damped_trend=True).smooth(fitted.params)
            ahead = np.append(followed.fittedvalues[fit_until:], followed.forecast(1))
        except (ValueError, np.linalg.LinAlgError):
            return None
    return ahead if np.isfinite(ahead).all() else None
