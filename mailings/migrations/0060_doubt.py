"""Messages in doubt: what the campaign says about them, how many there are, and deciding about them."""

from django.db import migrations, models

SQL = """
    -- Messages in doubt of a campaign of the organisation in scope; no row: none. Of several organisations the
    -- number is rounded to tens, and NULL under ten.
    CREATE FUNCTION mailings_doubts(whose bigint) RETURNS TABLE (exact bigint, rounded bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT CASE WHEN c.mode = 'own' THEN n.messages END, mailings_rounded(n.messages)
        FROM mailings_campaign c,
             LATERAL (SELECT count(*) AS messages FROM mailings_delivery d
                      WHERE d.campaign_id = c.id AND d.status = 4) n
        WHERE c.id = whose AND c.organisation_id = app_organisation() AND n.messages > 0 $$;

    -- Sends them again, or gives them up. The chunks are locked first: whoever holds one looks, when done, whether
    -- something waits in it. The words in `detail` keep the reaper from taking what waits for what was sent.
    CREATE FUNCTION mailings_end_doubt(whose bigint, again boolean) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM mailings_campaign c
                       WHERE c.id = whose AND c.organisation_id = app_organisation()) THEN
            RAISE EXCEPTION 'This campaign is not yours to decide about.' USING ERRCODE = 'insufficient_privilege';
        END IF;
        PERFORM FROM mailings_chunk c WHERE c.campaign_id = whose ORDER BY c.id FOR UPDATE;
        IF again THEN
            UPDATE mailings_chunk c SET state = 0, leased_until = NULL
            WHERE c.campaign_id = whose AND c.state = 2 AND EXISTS (
                SELECT FROM mailings_delivery d WHERE d.campaign_id = whose AND d.status = 4
                  AND d.seq BETWEEN c.first AND c.last);
        END IF;
        UPDATE mailings_delivery d
        SET status = CASE WHEN again THEN 0 ELSE 5 END, detail = CASE WHEN again THEN 'is sent again' ELSE '' END,
            settled_at = CASE WHEN again THEN NULL ELSE now() END
        WHERE d.campaign_id = whose AND d.status = 4;
    END $$;

    REVOKE ALL ON FUNCTION mailings_doubts(bigint), mailings_end_doubt(bigint, boolean) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION mailings_doubts(bigint), mailings_end_doubt(bigint, boolean) TO coalesce_staff;
"""


class Migration(migrations.Migration):
    dependencies = [("mailings", "0050_extra_link"), ("crm", "0033_steward")]

    operations = [
        migrations.AddField(
            "campaign",
            "on_doubt",
            models.CharField(
                choices=[
                    ("hold", "Wait until somebody decides"),
                    ("resend", "Send it again: somebody may get it twice"),
                    ("drop", "Do not send it again: somebody may not get it"),
                ],
                default="hold",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            "delivery",
            "status",
            models.SmallIntegerField(
                choices=[
                    (0, "Waiting"),
                    (1, "Handed over"),
                    (2, "Left out at the last moment"),
                    (3, "Refused by the mail server"),
                    (4, "May have been sent"),
                    (5, "May have been sent, and is not sent again"),
                ],
                default=0,
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
