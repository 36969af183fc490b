-- Lifts the block of the user: `Record::lift_repudiation` of libs/records/src/record/repudiate.rs.
--
-- Replies  lifted    unblocked

if blocked_until() then
  record.blocked_until, record.lifted_until, record.desk_call = nil, now + DAY, call
  save()
  return {'lifted'}
end
-- The call itself, sent again.
return {now < number('lifted_until') and record.desk_call == call and 'lifted' or 'unblocked'}
