/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which boot program all machines of a model get, as a person says. */
#include "appliance/store/sql.h"

/* A row that says AUTO stays: its revision must not be forgotten. */
int store_model_set(struct store *s, const char *model, enum machine_loader loader)
{
	struct sql *st =
	        sql_prepare(s, "INSERT INTO models (model, loader, revision) VALUES (?, ?, 1)"
	                       " ON CONFLICT (model) DO UPDATE SET loader = excluded.loader,"
	                       " revision = models.revision + 1");

	sql_bind(st, "ti", model, (int64_t)loader);
	return sql_run(s, st);
}

int store_models_revision(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT coalesce(sum(revision), 0) FROM models"), ret);
}

int store_model_count(struct store *s, const char *model, int64_t *ret)
{
	struct sql *st = sql_prepare(s, "SELECT count(*) FROM machines"
	                                " WHERE trim(manufacturer || ' ' || product) = ?");

	sql_bind(st, "t", model);
	return sql_one(s, st, ret);
}

int store_models(struct store *s,
        int (*each)(const char *model, enum machine_loader loader, void *context), void *context)
{
	struct sql *st =
	        sql_prepare(s, "SELECT model, loader FROM models WHERE loader <> 0 ORDER BY model");
	char model[MODEL_TEXT];
	int r;

	while ((r = sql_step(s, st)) == 1) {
		sql_text(st, 0, model, sizeof(model));
		r = each(model, (enum machine_loader)sql_int(st, 1), context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
