"""State: deliveries, runs, leads, tasks, report versions, and the journal of what happened."""
