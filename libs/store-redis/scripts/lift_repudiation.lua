-- Lifts the block of the user: `Record::lift_repudiation` of libs/records/src/record/repudiate.rs.
--
-- Replies  lifted    unblocked

if future(BLOCKED_UNTIL) then
  record[BLOCKED_UNTIL], record[LIFTED_UNTIL], record[DESK_CALL] = nil, at + DAY, call
  save()
  return {'lifted'}
end
-- The call itself, sent again.
return {future(LIFTED_UNTIL) and record[DESK_CALL] == call and 'lifted' or 'unblocked'}
