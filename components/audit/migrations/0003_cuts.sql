-- The last cut is looked for by every row that is removed: without an index, among all checkpoints.
CREATE INDEX audit_checkpoints_cut ON audit_checkpoints (seq) WHERE cut;
