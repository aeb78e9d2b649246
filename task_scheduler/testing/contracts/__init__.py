"""Contract suites: what every implementation of a port keeps.

Subclass one in a test module and provide a fixture `store`:

    class TestMyLedger(LedgerContract):
        @pytest.fixture
        def store(self) -> MyStore: ...
"""

import pytest

# Failed assertions of the suites tell as much as those of test modules; before any of them is imported.
pytest.register_assert_rewrite(*(f"{__name__}.{suite}" for suite in ("catalogue", "history", "ledger", "state")))
