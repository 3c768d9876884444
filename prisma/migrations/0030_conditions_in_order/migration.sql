-- append_batch decides conditional requests in their order, so that a batch may hold several for one stream, and others before them.
-- The version a request meets is that of the stream with what the requests before it in the batch have stored. The function is changed
-- where it differs, so that other migrations may change it elsewhere.
DO $migration$
DECLARE
  source text := pg_get_functiondef('append_batch'::regproc);
  change text[];
BEGIN
  FOREACH change SLICE 1 IN ARRAY ARRAY[
    ARRAY[$from$FROM unnest(p_expected, p_stream) AS c(expected, stream)
                      WHERE c.expected IS NOT NULL
                        AND NOT (c.expected = stream_versions[c.stream] OR (c.expected = -1 AND stream_versions[c.stream] > 0)))$from$,
$to$FROM unnest(p_expected, p_stream, p_stream_rank, p_request) WITH ORDINALITY AS c(expected, stream, rank, request, ord)
                      WHERE c.expected IS NOT NULL AND c.request IS DISTINCT FROM p_request[c.ord - 1]
                        AND NOT (c.expected = stream_versions[c.stream] + c.rank
                                 OR (c.expected = -1 AND stream_versions[c.stream] + c.rank > 0)))$to$],
    ARRAY[$from$  v_failed jsonb := '{}';          -- request → verdict
$from$,
$to$  v_size integer; v_known integer; v_version bigint; v_verdict text;
$to$],
    ARRAY[$from$  FOR r IN SELECT q.request,
                  CASE WHEN bool_and(q.dup IS NOT NULL) THEN 'duplicate'
                       WHEN bool_or(q.dup IS NOT NULL) THEN 'partial-duplicate'
                       WHEN bool_or(q.expected IS NOT NULL AND NOT (q.expected = stream_versions[q.stream]
                                    OR (q.expected = -1 AND stream_versions[q.stream] > 0))) THEN 'conflict' END AS verdict
             FROM unnest(p_request, coalesce(p_expected, array_fill(NULL::bigint, ARRAY[n])), p_stream, v_dup_position)
                  AS q(request, expected, stream, dup)
            GROUP BY q.request LOOP
    IF r.verdict IS NOT NULL THEN v_failed := jsonb_set(v_failed, ARRAY[r.request::text], to_jsonb(r.verdict)); END IF;
  END LOOP;

$from$,
$to$$to$],
    ARRAY[$from$    IF v_failed ? p_request[i]::text THEN
      verdicts[i] := v_failed ->> p_request[i]::text;
      IF verdicts[i] = 'conflict' THEN versions[i] := stream_versions[p_stream[i]]; END IF;$from$,
$to$    IF i = 1 OR p_request[i] <> p_request[i - 1] THEN
      -- A request stands or falls as a whole, and sees what those before it in the batch have stored.
      v_size := 0; v_known := 0;
      WHILE p_request[i + v_size] = p_request[i] LOOP
        IF v_dup_position[i + v_size] IS NOT NULL THEN v_known := v_known + 1; END IF;
        v_size := v_size + 1;
      END LOOP;
      v_version := CASE WHEN p_stream[i] IS NOT NULL THEN stream_versions[p_stream[i]] + v_stream_used[p_stream[i]] END;
      v_verdict := CASE WHEN v_known = v_size THEN 'duplicate'
                        WHEN v_known > 0 THEN 'partial-duplicate'
                        WHEN p_expected[i] IS NOT NULL AND NOT (p_expected[i] = v_version OR (p_expected[i] = -1 AND v_version > 0))
                             THEN 'conflict'
                        ELSE 'ok' END;
    END IF;
    IF v_verdict <> 'ok' THEN
      verdicts[i] := v_verdict;
      IF v_verdict = 'conflict' THEN versions[i] := v_version; END IF;$to$]
  ] LOOP
    IF position(change[1] IN source) = 0 THEN RAISE EXCEPTION 'append_batch does not hold what this migration changes: %', change[1]; END IF;
    source := replace(source, change[1], change[2]);
  END LOOP;
  EXECUTE source;
END $migration$;
