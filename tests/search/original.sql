-- A study of 14 trials in the shape of Optuna 3.6.1, with the attributes that the original program gave its trials.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'hopperA2C_1');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'seed',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(2,1,'actor.varianceScale',4.19030242269200936533e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(3,2,'seed',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(4,2,'actor.varianceScale',4.6760694853372547497e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(5,3,'seed',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(6,3,'actor.varianceScale',3.25513263410933340047e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(7,4,'seed',5.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(8,4,'actor.varianceScale',3.94654689301818850655e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(9,5,'seed',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(10,5,'actor.varianceScale',3.30967801973292619077e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(11,6,'seed',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(12,6,'actor.varianceScale',3.79663997811667819348e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(13,7,'seed',5.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(14,7,'actor.varianceScale',5.08320047318323475771e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(15,8,'seed',5.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(16,8,'actor.varianceScale',3.41242411243871224257e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(17,9,'seed',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(18,9,'actor.varianceScale',5.64991827361742915414e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(19,10,'seed',6.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(20,10,'actor.varianceScale',4.86508716062736490393e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(21,11,'seed',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(22,11,'actor.varianceScale',3.00861098109347691043e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(23,12,'seed',7.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(24,12,'actor.varianceScale',4.06335827212421285548e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(25,13,'seed',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(26,13,'actor.varianceScale',3.87991723637799046375e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
INSERT INTO "trial_params" VALUES(27,14,'seed',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2, 3, 5, 8, 13, 21, 34]}}');
INSERT INTO "trial_params" VALUES(28,14,'actor.varianceScale',3.78007669965893411401e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.3, "high": 0.6, "log": false}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.41903024226920094, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 2, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(2,1,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.41903024226920094,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 2,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(3,2,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.4676069485337255, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 8, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(4,2,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.4676069485337255,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 8,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(5,3,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.32551326341093334, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 5, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(6,3,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.32551326341093334,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 5,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(7,4,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.39465468930181885, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 13, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(8,4,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.39465468930181885,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 13,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(9,5,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.3309678019732926, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 8, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(10,5,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.3309678019732926,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 8,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(11,6,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.3796639978116678, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 2, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(12,6,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.3796639978116678,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 2,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(13,7,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.5083200473183235, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 13, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(14,7,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.5083200473183235,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 13,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(15,8,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.3412424112438712, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 13, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(16,8,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.3412424112438712,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 13,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(17,9,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.5649918273617429, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 8, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(18,9,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.5649918273617429,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 8,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(19,10,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.4865087160627365, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 21, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(20,10,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.4865087160627365,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 21,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(21,11,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.3008610981093477, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 2, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(22,11,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.3008610981093477,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 2,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(23,12,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.4063358272124213, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 34, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(24,12,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.4063358272124213,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 34,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(25,13,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.38799172363779905, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 1, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(26,13,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.38799172363779905,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 1,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
INSERT INTO "trial_user_attributes" VALUES(27,14,'GTS_PARAMS','{"actor.learningRate": 0.001, "actor.nHidden": 2, "actor.hiddenSize": 128, "actor.hiddenActivation": "ReLU", "actor.varianceScale": 0.3780076699658934, "actor.varianceScaleDelta": 0.0, "critic.learningRate": 0.005, "critic.nHidden": 2, "critic.hiddenSize": 64, "critic.hiddenActivation": "ReLU", "lambda": 0.97, "discountFactor": 0.99, "maxEpisodeLength": 1000, "seed": 2, "actor.discountFactor": 0.99}');
INSERT INTO "trial_user_attributes" VALUES(28,14,'GTS_SPEC','"{\n    \"physicalModel\": \"hopper\",\n    \"technique\": \"a2c\",\n    \"params\": {\n        \"actor.learningRate\": 0.001,\n        \"actor.nHidden\": 2,\n        \"actor.hiddenSize\": 128,\n        \"actor.hiddenActivation\": \"ReLU\",\n        \"actor.varianceScale\": 0.3780076699658934,\n        \"actor.varianceScaleDelta\": 0.0,\n        \"critic.learningRate\": 0.005,\n        \"critic.nHidden\": 2,\n        \"critic.hiddenSize\": 64,\n        \"critic.hiddenActivation\": \"ReLU\",\n        \"lambda\": 0.97,\n        \"discountFactor\": 0.99,\n        \"maxEpisodeLength\": 1000,\n        \"seed\": 2,\n        \"actor.discountFactor\": 0.99\n    }\n}"');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,31.25,'FINITE');
INSERT INTO "trial_values" VALUES(2,2,0,512.5,'FINITE');
INSERT INTO "trial_values" VALUES(3,3,0,1102.75,'FINITE');
INSERT INTO "trial_values" VALUES(4,4,0,1589.05,'FINITE');
INSERT INTO "trial_values" VALUES(5,5,0,880.5,'FINITE');
INSERT INTO "trial_values" VALUES(6,7,0,301.0,'FINITE');
INSERT INTO "trial_values" VALUES(7,8,0,1240.25,'FINITE');
INSERT INTO "trial_values" VALUES(8,9,0,77.5,'FINITE');
INSERT INTO "trial_values" VALUES(9,10,0,954.0,'FINITE');
INSERT INTO "trial_values" VALUES(10,11,0,1420.5,'FINITE');
INSERT INTO "trial_values" VALUES(11,12,0,660.25,'FINITE');
INSERT INTO "trial_values" VALUES(12,13,0,1011.0,'FINITE');
INSERT INTO "trial_values" VALUES(13,14,0,489.75,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-22 12:33:26.624219','2026-11-22 12:33:26.686575');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-22 12:33:26.700658','2026-11-22 12:33:26.731156');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-22 12:33:26.743638','2026-11-22 12:33:26.774917');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-22 12:33:26.787555','2026-11-22 12:33:26.818386');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-22 12:33:26.830682','2026-11-22 12:33:26.861209');
INSERT INTO "trials" VALUES(6,5,1,'FAIL','2026-11-22 12:33:26.872804','2026-11-22 12:33:26.900876');
INSERT INTO "trials" VALUES(7,6,1,'COMPLETE','2026-11-22 12:33:26.912231','2026-11-22 12:33:26.947512');
INSERT INTO "trials" VALUES(8,7,1,'COMPLETE','2026-11-22 12:33:26.963788','2026-11-22 12:33:27.001873');
INSERT INTO "trials" VALUES(9,8,1,'COMPLETE','2026-11-22 12:33:27.013020','2026-11-22 12:33:27.072995');
INSERT INTO "trials" VALUES(10,9,1,'COMPLETE','2026-11-22 12:33:27.117854','2026-11-22 12:33:27.233666');
INSERT INTO "trials" VALUES(11,10,1,'COMPLETE','2026-11-22 12:33:27.257253','2026-11-22 12:33:27.296639');
INSERT INTO "trials" VALUES(12,11,1,'COMPLETE','2026-11-22 12:33:27.309356','2026-11-22 12:33:27.348242');
INSERT INTO "trials" VALUES(13,12,1,'COMPLETE','2026-11-22 12:33:27.368373','2026-11-22 12:33:27.407514');
INSERT INTO "trials" VALUES(14,13,1,'COMPLETE','2026-11-22 12:33:27.428808','2026-11-22 12:33:27.469451');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'3.6.1');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
